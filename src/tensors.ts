/** The user's sources and array functions: constants, placeholders, shapes, views, selection. */
export { concat } from './ops/array/concat.js';
export { constant } from './ops/array/const.js';
export { dynamicStitch } from './ops/array/dynamic-stitch.js';
export { fill, ones, onesLike, zeros, zerosLike } from './ops/array/fill.js';
export { gatherNd, scatterNd } from './ops/array/gather-nd.js';
export { gather } from './ops/array/gather.js';
export { getItem } from './ops/array/get-item.js';
export { identity, identityN, preventGradient, stopGradient } from './ops/array/identity.js';
export { oneHot } from './ops/array/one-hot.js';
export { stack, unstack } from './ops/array/pack.js';
export { pad } from './ops/array/pad.js';
export { placeholder, placeholderWithDefault } from './ops/array/placeholder.js';
export { linspace, range } from './ops/array/range.js';
export { expandDims, reshape, squeeze } from './ops/array/reshape.js';
export { reverse } from './ops/array/reverse.js';
export {
  segmentMax,
  segmentMean,
  segmentMin,
  segmentProd,
  segmentSum,
} from './ops/array/segment.js';
export { rank, shape, shapeN, size } from './ops/array/shape.js';
export { slice } from './ops/array/slice.js';
export { split } from './ops/array/split.js';
export { stridedSlice } from './ops/array/strided-slice.js';
export {
  tensorScatterNdAdd,
  tensorScatterNdMax,
  tensorScatterNdMin,
  tensorScatterNdSub,
} from './ops/array/tensor-scatter.js';
export { broadcastTo, tile } from './ops/array/tile.js';
export { invertPermutation, transpose } from './ops/array/transpose.js';
export {
  unsortedSegmentMax,
  unsortedSegmentMin,
  unsortedSegmentProd,
} from './ops/array/unsorted-segment.js';
export { unsortedSegmentSum } from './ops/array/unsorted-segment-sum.js';
