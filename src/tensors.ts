/** The user's sources and array functions: constants, placeholders, shapes, views, selection. */
export { constant } from './ops/array/const.js';
export { identity, identityN, preventGradient, stopGradient } from './ops/array/identity.js';
export { placeholder, placeholderWithDefault } from './ops/array/placeholder.js';
export { expandDims, reshape, squeeze } from './ops/array/reshape.js';
export { rank, shape, shapeN, size } from './ops/array/shape.js';
export { invertPermutation, transpose } from './ops/array/transpose.js';
