/**
 * defrun: define-then-run graphs on WebGPU, wire-compatible with TensorFlow.
 *
 * `import * as tf from 'defrun'` reads like TensorFlow 1.x: ops at the top level, families in
 * namespaces (`tf.nn`, `tf.train`, `tf.layers`, `tf.losses`, `tf.random`, `tf.initializers`).
 */
import './ops/index.js';
import './serialize/graph-methods.js';

export {
  CancelledError,
  DataLossError,
  DeadlineExceededError,
  DTypeError,
  errorCodes,
  FailedPreconditionError,
  InternalError,
  InvalidArgumentError,
  LookupError,
  NotFoundError,
  ResourceExhaustedError,
  RuntimeError,
  TfError,
  UnavailableError,
  UnimplementedError,
  ValueError,
  type ErrorContext,
} from './errors.js';

// Graphs
export { Graph, collections, getDefaultGraph, resetDefaultGraph } from './graph/graph.js';
export { Operation, Tensor } from './graph/operation.js';
export type { TensorLike, VariableLike } from './graph/add-node.js';
export { convertToTensor } from './graph/add-node.js';
export type { DType, NdArray } from './graph/dtype.js';
export { ndArray, toNdArray, type ArrayLike } from './graph/nd-array.js';
export type { Dim, Shape, StaticShape } from './graph/shape.js';
export { gradients, type GradientsOptions } from './graph/gradients.js';
export { customGradient, registerGradient } from './graph/custom-gradient.js';

// Sessions
export { Session, type SessionMemory, type SessionOptions } from './session/session.js';
export type { RunOptions } from './session/run-options.js';
export { openDevice, OpenDevice, type Device, type GpuObject } from './session/device-choice.js';
export type { Fetched, Fetches } from './session/fetches.js';
export type { Feeds, FeedValue } from './session/feeds.js';
export type { FeedShapes } from './session/feed-shapes.js';
export { RunStats, RunTrace } from './session/stats.js';
export { explain } from './session/explain.js';

// Files
export { importGraphDef, toGraphDef } from './serialize/graph-def.js';
export { graphDefFromText, toGraphDefText } from './serialize/text-format.js';
export { extractSubGraph, freezeGraph, type FreezeOptions } from './serialize/freeze.js';
export { formatNpy, parseNpy } from './data/npy.js';
export { saveGraph } from './serialize/load-graph.js';
export { FrozenGraph, loadGraph, type LoadGraphOptions } from './serving/frozen-graph.js';

// Sources, constants, shapes
export * from './tensors.js';
export * from './math.js';

// Variables
export {
  globalVariables,
  trainableVariables,
  localVariables,
  variable,
  Variable,
  type VariableOptions,
} from './ops/state/variable.js';
export { getVariable, getVariableScope, variableScope } from './layers/variable-scope.js';
export { assign, assignAdd, assignSub } from './ops/state/assign-functions.js';
export {
  globalVariablesInitializer,
  localVariablesInitializer,
  variablesInitializer,
} from './ops/state/initialize.js';
export { group, noOp, tuple } from './ops/state/no-op.js';

// Families
export * as nn from './nn.js';
export * as train from './train.js';
export * as losses from './losses/losses.js';
export * as layers from './layers/dense.js';
export * as random from './ops/random/random-user.js';
export * as initializers from './ops/random/initializers.js';
