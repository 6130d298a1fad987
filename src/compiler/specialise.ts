/**
 * Specialise and fold: turns a pruned graph into a Flow for concrete feed shapes. Shape functions
 * run over full shapes, constants are computed, decompositions are expanded, equal nodes shared,
 * and each variable's reads and writes become versions.
 */
import { InvalidArgumentError, UnimplementedError } from '../errors.js';
import { shortNameOf, type NdArray } from '../graph/dtype.js';
import type { Operation, Tensor } from '../graph/operation.js';
import { inputArgs, outputTypes, plainAttrs, type PlainAttrs } from '../graph/signature.js';
import { formatShape, type StaticShape } from '../graph/shape.js';
import { opDef } from '../ops/index.js';
import type { AnyOpDef } from '../ops/op-def.js';
import { checkDTypes } from './check-dtypes.js';
import { choosePlace } from './choose-place.js';
import { lowerContext, NeedsConstant } from './context.js';
import { decompose } from './decompose.js';
import { foldNode, type Evaluate } from './fold-node.js';
import { FlowBuilder } from './flow-builder.js';
import type { Flow, FlowNode, ValueSource } from './flow.js';
import { liveFlow } from './live-flow.js';
import { needFeeds } from './needed-feeds.js';
import { keyOf } from './op-attrs.js';
import { dependenciesOf, type RunSignature } from './prune.js';
import { specialiseUpdate } from './specialise-update.js';
import { staticShapes } from './static-shapes.js';
import { VariableVersions, type VariableStates } from './variable-versions.js';

/** What specialisation is for. */
export interface SpecialiseEnv {
  /** Whether kernels may run on a device; otherwise all is on the host. */
  readonly hasDevice: boolean;
  /** Concrete shape of each feed. */
  readonly feedShapes: ReadonlyMap<Tensor, StaticShape>;
  /** Feeds whose values decide shapes. */
  readonly feedValues: ReadonlyMap<Tensor, NdArray>;
  readonly variables: VariableStates;
  readonly evaluate: Evaluate;
}

export function specialise(
  ordered: readonly Operation[],
  signature: RunSignature,
  env: SpecialiseEnv,
): Flow {
  return new Specialiser(signature, env).run(ordered);
}

class Specialiser {
  readonly #flow: FlowBuilder;
  readonly #ofTensor = new Map<Tensor, number>();
  readonly #shared = new Map<string, readonly number[]>();
  readonly #variables: VariableVersions;
  readonly #fed: ReadonlySet<Tensor>;

  constructor(
    readonly signature: RunSignature,
    readonly env: SpecialiseEnv,
  ) {
    const flow = new FlowBuilder(env.hasDevice);
    this.#flow = flow;
    this.#fed = new Set(signature.feeds);
    this.#variables = new VariableVersions(
      env.variables,
      ({ dtype, shape, node: label, variable }) =>
        flow.addValue({
          dtype,
          shape,
          place: flow.placeOf(dtype),
          source: { kind: 'variable', variable },
          label,
        }),
    );
  }

  run(ordered: readonly Operation[]): Flow {
    for (const [i, tensor] of this.signature.feeds.entries()) this.#addFeed(tensor, i);
    for (const op of ordered) {
      this.#variables.enter(op, dependenciesOf(op, this.#fed));
      this.#visit(op);
    }
    const fetches = this.signature.fetches.map((tensor) => this.#read(tensor, tensor.op));
    return liveFlow({
      values: this.#flow.values,
      nodes: this.#flow.nodes,
      fetches,
      feeds: this.signature.feeds.map((tensor) => ({
        name: tensor.name,
        dtype: tensor.dtype,
        shape: this.env.feedShapes.get(tensor) ?? [],
      })),
      variables: this.#variables.list((dtype) => this.#flow.placeOf(dtype)),
      random: this.#flow.random,
    });
  }

  #addFeed(tensor: Tensor, feed: number): void {
    const known = this.env.feedValues.get(tensor);
    const shape = this.env.feedShapes.get(tensor) ?? [];
    const source: ValueSource = known ? { kind: 'constant', data: known } : { kind: 'feed', feed };
    const { dtype } = tensor;
    const place = this.#flow.placeOf(dtype);
    const id = this.#flow.addValue({ dtype, shape, place, source, label: tensor.op.name });
    this.#ofTensor.set(tensor, id);
  }

  /** Value of a tensor as `reader` sees it: for a variable, the version its edges order it after. */
  #read = (tensor: Tensor, reader: Operation): number => {
    const known = this.#ofTensor.get(tensor);
    if (known !== undefined) return known;
    const key = this.#variables.keyOf(tensor);
    if (key !== undefined) return this.#variables.valueFor(key, reader);
    throw new UnimplementedError(
      `${tensor.op}: output ${tensor.index} (${tensor.dtype}) cannot be fetched or read.`,
      { node: tensor.op.name, op: tensor.op.type },
    );
  };

  #visit(op: Operation): void {
    if (op.outputs.length > 0 && op.outputs.every((output) => this.#fed.has(output))) return;
    if (op.type === 'Placeholder' || op.type === 'PlaceholderV2') throw unfed(op);
    const def = opDef(op.type);
    const attrs = plainAttrs(def, op.attrs, op.name);
    checkDTypes(def, attrs, op.name);
    switch (def.lower.kind) {
      case 'none':
        return;
      case 'variable':
        return this.#variables.declare(op, attrs);
      case 'isInitialized':
        return this.#setConstant(op, this.#variables.isInitialized(op));
      case 'read':
        return this.#set(op.outputs[0], this.#read(op.inputs[0] as Tensor, op));
      case 'update':
        return specialiseUpdate(
          {
            flow: this.#flow,
            variables: this.#variables,
            isFed: (tensor) => this.#fed.has(tensor),
            read: this.#read,
          },
          op,
          def,
          attrs,
        );
      default: {
        const handle = op.inputs[0] && this.#variables.keyOf(op.inputs[0]);
        if (handle !== undefined && op.outputs[0]?.dtype === 'resource')
          return this.#variables.alias(op.outputs[0], handle);
        const inputs = op.inputs.map((input) => this.#read(input, op));
        const outputs = this.#apply(def, attrs, inputs, op.name);
        for (const [i, output] of op.outputs.entries()) this.#set(output, outputs[i]);
      }
    }
  }

  #set(tensor: Tensor | undefined, id: number | undefined): void {
    if (tensor !== undefined && id !== undefined && !this.#ofTensor.has(tensor))
      this.#ofTensor.set(tensor, id);
  }

  #setConstant(op: Operation, value: boolean): void {
    const data = Uint8Array.of(value ? 1 : 0);
    this.#set(op.outputs[0], this.#flow.addConstant({ dtype: 'bool', shape: [], data }, op.name));
  }

  /** Adds an op over values, or what it folds, shares or decomposes to; returns its flat outputs. */
  #apply = (
    def: AnyOpDef,
    attrs: PlainAttrs,
    inputs: readonly number[],
    name: string,
  ): readonly number[] => {
    const sharingKey = def.stateful === true ? null : keyOf(def, attrs, inputs);
    const shared = sharingKey === null ? undefined : this.#shared.get(sharingKey);
    if (shared !== undefined) return shared;
    const node = nodeWithOutputs(this.#flow, { name, def, attrs, inputs });
    const outputs = this.#settle(node);
    if (sharingKey !== null) this.#shared.set(sharingKey, outputs);
    return outputs;
  };

  /** Makes a node's outputs known: computed now, built from other ops, or left to the run. */
  #settle(node: FlowNode): readonly number[] {
    const { lower } = node.def;
    if (lower.kind === 'alias') return node.outputs;
    const context = lowerContext(node, this.#flow.value);
    try {
      switch (lower.kind) {
        case 'constant': {
          const known = lower.value(context as never);
          if (known === null) throw new NeedsConstant(node.inputs);
          return this.#flow.replaceOutputs(node, known);
        }
        case 'decompose':
          return decompose(this.#flow, node, context, this.#apply);
        case 'random':
          this.#flow.push({
            ...node,
            random: this.#addStream(node, lower.advance(context as never)),
          });
          return node.outputs;
        default: {
          const folded = foldNode(this.#flow, node, this.env.evaluate);
          if (folded !== null) return this.#flow.replaceOutputs(node, folded);
          this.#flow.push(node);
          return node.outputs;
        }
      }
    } catch (error) {
      if (error instanceof NeedsConstant) needFeeds(this.#flow, error.values, node);
      throw error;
    }
  }

  #addStream({ name, attrs }: FlowNode, advance: bigint): number {
    const seeded = Number(attrs['seed']) !== 0 || Number(attrs['seed2']) !== 0;
    return this.#flow.random.push({ node: name, seeded, advance }) - 1;
  }
}

/** The node at its place, with values for its outputs. */
function nodeWithOutputs(flow: FlowBuilder, init: Omit<FlowNode, 'outputs' | 'place'>): FlowNode {
  const { name, def, attrs, inputs } = init;
  const shapes = staticShapes(flow, { ...init, outputs: [], place: 'host' });
  const dtypes = outputTypes(def, attrs).map(({ dtype }) => dtype);
  const place = flow.hasDevice ? choosePlace(def, inputs, dtypes, shapes, flow.value) : 'host';
  const base = aliasBase(flow, init);
  const outputs = dtypes.map((dtype, i) => {
    const shape = shapes[i] as StaticShape;
    return flow.addValue({ dtype, shape, place, source: { kind: 'node' }, label: name }, base);
  });
  return { ...init, outputs, place };
}

/** Value whose elements the output of an alias holds. */
function aliasBase(
  flow: FlowBuilder,
  { def, attrs, inputs }: Omit<FlowNode, 'outputs' | 'place'>,
): number | undefined {
  const { lower } = def;
  if (lower.kind !== 'alias') return undefined;
  const at = inputArgs(def, attrs).findIndex((arg) => arg.name === lower.input);
  return flow.value(inputs[at] as number).base;
}

function unfed(op: Operation): InvalidArgumentError {
  const dtype = op.outputs[0]?.dtype ?? 'float32';
  const shape = op.outputs[0]?.shape ?? null;
  return new InvalidArgumentError(
    `You must feed a value for placeholder tensor '${op.name}' with dtype ${shortNameOf(dtype)}${shape === null ? '' : ` and shape ${formatShape(shape)}`}.${op.definedAt}`,
    { node: op.name, op: op.type },
  );
}
