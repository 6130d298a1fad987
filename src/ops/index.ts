/**
 * The op list: every op type defrun computes. An op is on the list by being exported from a file
 * named here; the graph's registry and the compiler both read it.
 */
import { UnimplementedError } from '../errors.js';
import { registerOps } from '../graph/registry.js';
import * as arrayConcat from './array/concat.js';
import * as arrayConst from './array/const.js';
import * as arrayDynamicStitch from './array/dynamic-stitch.js';
import * as arrayFill from './array/fill.js';
import * as arrayGather from './array/gather.js';
import * as arrayGatherNd from './array/gather-nd.js';
import * as arrayIdentity from './array/identity.js';
import * as arrayOneHot from './array/one-hot.js';
import * as arrayPack from './array/pack.js';
import * as arrayPad from './array/pad.js';
import * as arrayPlaceholder from './array/placeholder.js';
import * as arrayRange from './array/range.js';
import * as arrayReshape from './array/reshape.js';
import * as arrayReverse from './array/reverse.js';
import * as arraySegment from './array/segment.js';
import * as arrayShape from './array/shape.js';
import * as arraySlice from './array/slice.js';
import * as arraySplit from './array/split.js';
import * as arrayStridedSlice from './array/strided-slice.js';
import * as arrayTensorScatter from './array/tensor-scatter.js';
import * as arrayTile from './array/tile.js';
import * as arrayTranspose from './array/transpose.js';
import * as arrayUnsortedSegment from './array/unsorted-segment.js';
import * as arrayUnsortedSegmentSum from './array/unsorted-segment-sum.js';
import * as mathAddN from './math/add-n.js';
import * as mathArgReduce from './math/arg-reduce.js';
import * as mathArithmetic from './math/arithmetic.js';
import * as mathBatchMatMul from './math/batch-mat-mul.js';
import * as mathBroadcastGradientArgs from './math/broadcast-gradient-args.js';
import * as mathCast from './math/cast.js';
import * as mathClip from './math/clip.js';
import * as mathCompare from './math/compare.js';
import * as mathComplex from './math/complex.js';
import * as mathDivision from './math/division.js';
import * as mathExponential from './math/exponential.js';
import * as mathExtrema from './math/extrema.js';
import * as mathL2Loss from './math/l2-loss.js';
import * as mathMatMul from './math/mat-mul.js';
import * as mathPower from './math/power.js';
import * as mathReduce from './math/reduce.js';
import * as mathScan from './math/scan.js';
import * as mathSelect from './math/select.js';
import * as mathTrigonometry from './math/trigonometry.js';
import * as mathUnary from './math/unary.js';
import * as mathUnaryGrad from './math/unary-grad.js';
import * as nnActivationGrads from './nn/activation-grads.js';
import * as nnActivations from './nn/activations.js';
import * as nnAvgPool from './nn/avg-pool.js';
import * as nnBias from './nn/bias.js';
import * as nnConv2d from './nn/conv2d.js';
import * as nnConv2dGrouped from './nn/conv2d-grouped.js';
import * as nnCrossEntropy from './nn/cross-entropy.js';
import * as nnInTopK from './nn/in-top-k.js';
import * as nnMaxPool from './nn/max-pool.js';
import * as nnMaxPoolArgmax from './nn/max-pool-argmax.js';
import * as nnMaxPoolGrad from './nn/max-pool-grad.js';
import * as nnMaxPoolTaps from './nn/max-pool-taps.js';
import * as nnSoftmax from './nn/softmax.js';
import * as randomRandom from './random/random.js';
import * as stateApplyAdaptive from './state/apply-adaptive.js';
import * as stateApplyDescent from './state/apply-descent.js';
import * as stateAssign from './state/assign.js';
import * as stateNoOp from './state/no-op.js';
import * as stateVariableOps from './state/variable-ops.js';
import type { AnyOpDef } from './op-def.js';

const families: readonly object[] = [
  arrayConcat,
  arrayConst,
  arrayDynamicStitch,
  arrayFill,
  arrayGather,
  arrayGatherNd,
  arrayIdentity,
  arrayOneHot,
  arrayPack,
  arrayPad,
  arrayPlaceholder,
  arrayRange,
  arrayReshape,
  arrayReverse,
  arraySegment,
  arrayShape,
  arraySlice,
  arraySplit,
  arrayStridedSlice,
  arrayTensorScatter,
  arrayTile,
  arrayTranspose,
  arrayUnsortedSegment,
  arrayUnsortedSegmentSum,
  mathAddN,
  mathArgReduce,
  mathArithmetic,
  mathBatchMatMul,
  mathBroadcastGradientArgs,
  mathCast,
  mathClip,
  mathCompare,
  mathComplex,
  mathDivision,
  mathExponential,
  mathExtrema,
  mathL2Loss,
  mathMatMul,
  mathPower,
  mathReduce,
  mathScan,
  mathSelect,
  mathTrigonometry,
  mathUnary,
  mathUnaryGrad,
  nnActivationGrads,
  nnActivations,
  nnAvgPool,
  nnBias,
  nnConv2d,
  nnConv2dGrouped,
  nnCrossEntropy,
  nnInTopK,
  nnMaxPool,
  nnMaxPoolArgmax,
  nnMaxPoolGrad,
  nnMaxPoolTaps,
  nnSoftmax,
  randomRandom,
  stateApplyAdaptive,
  stateApplyDescent,
  stateAssign,
  stateNoOp,
  stateVariableOps,
];

const isOpDef = (item: unknown): item is AnyOpDef =>
  typeof item === 'object' && item !== null && 'lower' in item && 'infer' in item;

export const allOps: readonly AnyOpDef[] = families.flatMap((family) =>
  Object.values(family).filter(isOpDef),
);

const byName = new Map(allOps.map((def) => [def.name, def]));
registerOps(allOps);

/** Definition of an op type. @throws UnimplementedError for a type not on the list. */
export function opDef(type: string): AnyOpDef {
  const def = byName.get(type);
  if (def === undefined)
    throw new UnimplementedError(`Op type not supported: ${type}.`, { op: type });
  return def;
}

/** Whether the compiler can lower an op type. */
export const isLowerable = (type: string): boolean => byName.has(type);
