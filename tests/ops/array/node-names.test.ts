/** Names and types of the nodes array functions add, as TensorFlow 1 has them. */
import { gradients } from '../../../src/graph/gradients.js';
import { Graph } from '../../../src/graph/graph.js';
import type { Tensor } from '../../../src/graph/operation.js';
import '../../../src/ops/index.js';
import { concat } from '../../../src/ops/array/concat.js';
import { constant } from '../../../src/ops/array/const.js';
import { fill, ones, onesLike, zeros, zerosLike } from '../../../src/ops/array/fill.js';
import { gather } from '../../../src/ops/array/gather.js';
import { getItem } from '../../../src/ops/array/get-item.js';
import { oneHot } from '../../../src/ops/array/one-hot.js';
import { stack, unstack } from '../../../src/ops/array/pack.js';
import { pad } from '../../../src/ops/array/pad.js';
import { placeholder, placeholderWithDefault } from '../../../src/ops/array/placeholder.js';
import { range } from '../../../src/ops/array/range.js';
import { expandDims, reshape, squeeze } from '../../../src/ops/array/reshape.js';
import { shape, size } from '../../../src/ops/array/shape.js';
import { slice } from '../../../src/ops/array/slice.js';
import { split } from '../../../src/ops/array/split.js';
import { tile } from '../../../src/ops/array/tile.js';
import { transpose } from '../../../src/ops/array/transpose.js';

interface Given {
  /** float32 [3, 4] */
  readonly x: Tensor;
  /** float32 [?, 4] */
  readonly open: Tensor;
  /** float32 of unknown rank */
  readonly unknown: Tensor;
  /** int32 scalar */
  readonly i: Tensor;
}

/** `name: type` of every node `build` adds. */
function nodesOf(build: (given: Given) => unknown): string[] {
  const graph = new Graph();
  let before = 0;
  graph.asDefault(() => {
    const given = {
      x: placeholder('float32', [3, 4], 'x'),
      open: placeholder('float32', [null, 4], 'open'),
      unknown: placeholder('float32', null, 'unknown'),
      i: placeholder('int32', [], 'i'),
    };
    before = graph.operations.length;
    build(given);
  });
  return graph.operations.slice(before).map((op) => `${op.name}: ${op.type}`);
}

it.each<[string, (given: Given) => unknown, string[]]>([
  ['constant', () => constant([1, 2]), ['Const: Const']],
  ['placeholder', () => placeholder('float32'), ['Placeholder: Placeholder']],
  [
    'placeholderWithDefault',
    () => placeholderWithDefault(1, null),
    ['PlaceholderWithDefault/input: Const', 'PlaceholderWithDefault: PlaceholderWithDefault'],
  ],
  ['reshape', ({ x }) => reshape(x, [-1]), ['Reshape/shape: Const', 'Reshape: Reshape']],
  [
    'reshape with a tensor among the dims',
    ({ x, i }) => reshape(x, [-1, i]),
    ['Reshape/shape/0: Const', 'Reshape/shape: Pack', 'Reshape: Reshape'],
  ],
  ['expandDims', ({ x }) => expandDims(x, 0), ['ExpandDims/dim: Const', 'ExpandDims: ExpandDims']],
  ['squeeze', ({ x }) => squeeze(x), ['Squeeze: Squeeze']],
  ['transpose', ({ x }) => transpose(x), ['transpose/perm: Const', 'transpose: Transpose']],
  [
    'transpose of unknown rank',
    ({ unknown }) => transpose(unknown),
    [
      'transpose/Rank: Rank',
      'transpose/sub/y: Const',
      'transpose/sub: Sub',
      'transpose/Range/limit: Const',
      'transpose/Range/delta: Const',
      'transpose/Range: Range',
      'transpose: Transpose',
    ],
  ],
  [
    'indexing',
    ({ x }) => getItem(x, 0),
    [
      'strided_slice/stack: Const',
      'strided_slice/stack_1: Const',
      'strided_slice/stack_2: Const',
      'strided_slice: StridedSlice',
    ],
  ],
  [
    'indexing by a tensor',
    ({ x, i }) => getItem(x, i),
    [
      'add/y: Const',
      'add: AddV2',
      'strided_slice/stack: Pack',
      'strided_slice/stack_1: Pack',
      'strided_slice/stack_2: Const',
      'strided_slice: StridedSlice',
    ],
  ],
  [
    'slice',
    ({ x }) => slice(x, [0, 1], [2, 3]),
    ['Slice/begin: Const', 'Slice/size: Const', 'Slice: Slice'],
  ],
  ['concat', ({ x, open }) => concat([x, open], 0), ['concat/axis: Const', 'concat: ConcatV2']],
  [
    'concat of one',
    ({ x }) => concat([x], 0),
    ['concat/concat_dim: Const', 'concat/concat: Identity'],
  ],
  ['stack', ({ x, open }) => stack([x, open]), ['stack: Pack']],
  ['stack of numbers', () => stack([1, 2, 3]), ['stack: Const']],
  ['stack of numbers and tensors', ({ i }) => stack([1, i]), ['stack/0: Const', 'stack: Pack']],
  ['unstack', ({ x }) => unstack(x), ['unstack: Unpack']],
  ['split', ({ x }) => split(x, 2, { axis: 1 }), ['split/split_dim: Const', 'split: Split']],
  [
    'split by size',
    ({ x }) => split(x, [1, 3], { axis: 1 }),
    ['Const: Const', 'split/split_dim: Const', 'split: SplitV'],
  ],
  ['tile', ({ x }) => tile(x, [1, 2]), ['Tile/multiples: Const', 'Tile: Tile']],
  [
    'pad',
    ({ x }) =>
      pad(x, [
        [1, 1],
        [0, 0],
      ]),
    ['Pad/paddings: Const', 'Pad: Pad'],
  ],
  [
    'pad with a value',
    ({ x }) =>
      pad(
        x,
        [
          [1, 1],
          [0, 0],
        ],
        { constantValues: 3 },
      ),
    ['PadV2/paddings: Const', 'PadV2/constant_values: Const', 'PadV2: PadV2'],
  ],
  ['fill', () => fill([2, 3], 5), ['Fill/dims: Const', 'Fill/value: Const', 'Fill: Fill']],
  ['zeros', () => zeros([2, 3]), ['zeros: Const']],
  [
    'zeros of a thousand elements and more',
    () => zeros([500, 2]),
    ['zeros/shape_as_tensor: Const', 'zeros/Const: Const', 'zeros: Fill'],
  ],
  [
    'zeros with a tensor among the dims',
    ({ i }) => zeros([2, i]),
    ['zeros/packed/0: Const', 'zeros/packed: Pack', 'zeros/Const: Const', 'zeros: Fill'],
  ],
  ['ones', () => ones([2, 3]), ['ones: Const']],
  ['zerosLike', ({ x }) => zerosLike(x), ['zeros_like: Const']],
  ['zerosLike of an open shape', ({ open }) => zerosLike(open), ['zeros_like: ZerosLike']],
  [
    'onesLike of an open shape',
    ({ open }) => onesLike(open),
    ['ones_like/Shape: Shape', 'ones_like/Const: Const', 'ones_like: Fill'],
  ],
  [
    'range',
    () => range(5),
    ['range/start: Const', 'range/limit: Const', 'range/delta: Const', 'range: Range'],
  ],
  [
    'oneHot',
    () => oneHot([1, 2], 3),
    [
      'one_hot/indices: Const',
      'one_hot/depth: Const',
      'one_hot/on_value: Const',
      'one_hot/off_value: Const',
      'one_hot: OneHot',
    ],
  ],
  [
    'gather',
    ({ x }) => gather(x, [1, 2]),
    ['GatherV2/indices: Const', 'GatherV2/axis: Const', 'GatherV2: GatherV2'],
  ],
  ['shape', ({ x }) => shape(x), ['Shape: Const']],
  ['shape of an open shape', ({ open }) => shape(open), ['Shape: Shape']],
  ['size', ({ x }) => size(x), ['Size: Const']],
])('names the nodes of %s', (_, build, expected) => {
  expect(nodesOf(build)).toEqual(expected);
});

/** As `nodesOf`, for what the gradient of `build` adds beyond the incoming gradient. */
function gradientNodesOf(build: (given: Given) => Tensor): string[] {
  const nodes = nodesOf((given) => {
    const y = build(given);
    gradients([y], [given.open]);
  });
  const start = nodes.findIndex((node) => node.startsWith('gradients/grad_ys_0:'));
  return nodes.slice(start + 1).map((node) => node.replace('gradients/', ''));
}

it.each<[string, (given: Given) => Tensor, string[]]>([
  [
    'reshape',
    ({ open }) => reshape(open, [-1]),
    ['Reshape_grad/Reshape/shape: Const', 'Reshape_grad/Reshape: Reshape'],
  ],
  [
    'expandDims',
    ({ open }) => expandDims(open, 0),
    ['ExpandDims_grad/Shape: Shape', 'ExpandDims_grad/Reshape: Reshape'],
  ],
  [
    'transpose',
    ({ open }) => transpose(open),
    ['transpose_grad/InvertPermutation: InvertPermutation', 'transpose_grad/transpose: Transpose'],
  ],
  [
    'tile',
    ({ open }) => tile(open, [2, 1]),
    [
      'Tile_grad/Shape: Shape',
      'Tile_grad/stack: Pack',
      'Tile_grad/transpose/perm: Const',
      'Tile_grad/transpose: Transpose',
      'Tile_grad/Reshape/shape: Const',
      'Tile_grad/Reshape: Reshape',
      'Tile_grad/range/start: Const',
      'Tile_grad/range/delta: Const',
      'Tile_grad/Size: Const',
      'Tile_grad/range: Range',
      'Tile_grad/Reshape_1: Reshape',
      'Tile_grad/Sum: Sum',
    ],
  ],
  [
    'slice',
    ({ open }) => slice(open, [1, 0], [1, 2]),
    [
      'Slice_grad/Rank: Const',
      'Slice_grad/Shape: Const',
      'Slice_grad/stack/1: Const',
      'Slice_grad/stack: Pack',
      'Slice_grad/Reshape: Reshape',
      'Slice_grad/Shape_1: Shape',
      'Slice_grad/sub: Sub',
      'Slice_grad/sub_1: Sub',
      'Slice_grad/Reshape_1: Reshape',
      'Slice_grad/concat/axis: Const',
      'Slice_grad/concat: ConcatV2',
      'Slice_grad/Pad: Pad',
    ],
  ],
])('names the nodes of the gradient of %s', (_, build, expected) => {
  expect(gradientNodesOf(build)).toEqual(expected);
});
