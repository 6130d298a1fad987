/** The user's sources and array functions: constants, placeholders, shapes, views, selection. */
export { constant } from './ops/array/const.js';
