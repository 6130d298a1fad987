import { Conv2D, Conv2DBackpropInput } from '../../../src/ops/nn/conv2d.js';
import {
  GroupedConv2D,
  GroupedConv2DBackpropFilter,
  GroupedConv2DBackpropInput,
} from '../../../src/ops/nn/conv2d-grouped.js';
import type { NdArray } from '../../../src/graph/dtype.js';
import { elementCount } from '../../../src/graph/shape.js';
import { evaluateOp, inferOp, type Attrs } from '../evaluate-op.js';
import { outputSize, products, type ConvCase } from './conv2d-reference.js';

const plain: ConvCase = {
  format: 'NHWC',
  batch: 2,
  size: [5, 6],
  depth: 4,
  filter: [3, 2],
  outputs: 6,
  groups: 1,
  strides: [1, 1],
  dilations: [1, 1],
  padding: 'SAME',
};
const variations: readonly (readonly [string, Partial<ConvCase>])[] = [
  ['SAME', {}],
  ['VALID', { padding: 'VALID' }],
  ['strides that differ', { strides: [2, 3], size: [7, 8] }],
  ['a stride beyond the filter', { strides: [3, 3], filter: [2, 1], padding: 'VALID' }],
  ['dilations', { dilations: [2, 3], size: [7, 9] }],
  ['explicit padding', { padding: [2, 0, 1, 3] }],
  ['groups', { groups: 2 }],
  ['groups with strides', { groups: 2, strides: [2, 1], padding: 'VALID' }],
  ['a filter larger than the image', { filter: [7, 7], size: [3, 4] }],
  ['a 1x1 filter', { filter: [1, 1] }],
];
const cases = variations.flatMap(([name, change]) =>
  (['NHWC', 'NCHW'] as const).map(
    (format) => [`${name} in ${format}`, { ...plain, ...change, format }] as const,
  ),
);

const values = (shape: readonly number[], seed: number): NdArray<'float32'> => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(
    { length: elementCount(shape) },
    (_, i) => ((i * 37 + seed * 11) % 23) / 8 - 1.3,
  ),
});

const image = (c: ConvCase, [h, w]: readonly [number, number], channels: number): number[] =>
  c.format === 'NHWC' ? [c.batch, h, w, channels] : [c.batch, channels, h, w];
const filterShape = (c: ConvCase): number[] => [...c.filter, c.depth / c.groups, c.outputs];

function attrsOf(c: ConvCase): Attrs {
  const four = <V>(n: V, [h, w]: readonly [V, V]): V[] =>
    c.format === 'NHWC' ? [n, h, w, n] : [n, n, h, w];
  const explicit = typeof c.padding !== 'string';
  const [top = 0, bottom = 0, left = 0, right = 0] = explicit ? c.padding : [];
  return {
    T: 'float32',
    strides: four(1, c.strides),
    dilations: four(1, c.dilations),
    padding: explicit ? 'EXPLICIT' : c.padding,
    explicit_paddings: explicit
      ? four(
          [0, 0],
          [
            [top, bottom],
            [left, right],
          ],
        ).flat()
      : [],
    data_format: c.format,
  };
}

/** Brings a plan's grouped result to the op's own order. */
function ungrouped(c: ConvCase, { shape, data }: NdArray): number[] {
  const flat = Array.from(data as Float32Array);
  if (c.format === 'NCHW') return flat;
  const channels = shape[4] ?? 1;
  const rows = flat.length / c.groups / channels;
  return Array.from({ length: flat.length }, (_, i) => {
    const row = Math.floor(i / (c.groups * channels));
    const group = Math.floor(i / channels) % c.groups;
    return flat[(group * rows + row) * channels + (i % channels)] as number;
  });
}

function expectClose(got: readonly number[], want: readonly number[]): void {
  expect(got).toHaveLength(want.length);
  const worst = Math.max(...got.map((g, i) => Math.abs(g - (want[i] ?? NaN))));
  // Sums of up to 120 float32 products of magnitude 2.
  expect(worst).toBeLessThan(1e-3);
}

describe('convolution plans', () => {
  it.each(cases)('convolve by definition with %s', (_, c) => {
    const x = values(image(c, c.size, c.depth), 1);
    const w = values(filterShape(c), 2);
    const want = new Array<number>(elementCount(image(c, outputSize(c), c.outputs))).fill(0);
    for (const p of products(c))
      want[p.y] = (want[p.y] ?? 0) + (x.data[p.x] ?? 0) * (w.data[p.w] ?? 0);
    const [y] = evaluateOp(GroupedConv2D, [x, w], attrsOf(c));
    expectClose(ungrouped(c, y as NdArray), want);
  });

  it.each(cases)('send gradients back to the input with %s', (_, c) => {
    const w = values(filterShape(c), 2);
    const dy = values(image(c, outputSize(c), c.outputs), 3);
    const shape = image(c, c.size, c.depth);
    const want = new Array<number>(elementCount(shape)).fill(0);
    for (const p of products(c))
      want[p.x] = (want[p.x] ?? 0) + (dy.data[p.y] ?? 0) * (w.data[p.w] ?? 0);
    const attrs = { ...attrsOf(c), input_sizes: shape };
    const [dx] = evaluateOp(GroupedConv2DBackpropInput, [w, dy], attrs);
    expectClose(ungrouped(c, dx as NdArray), want);
  });

  it.each(cases)('send gradients back to the filter with %s', (_, c) => {
    const x = values(image(c, c.size, c.depth), 1);
    const dy = values(image(c, outputSize(c), c.outputs), 3);
    const want = new Array<number>(elementCount(filterShape(c))).fill(0);
    for (const p of products(c))
      want[p.w] = (want[p.w] ?? 0) + (dy.data[p.y] ?? 0) * (x.data[p.x] ?? 0);
    const attrs = { ...attrsOf(c), filter_sizes: filterShape(c) };
    const [dw] = evaluateOp(GroupedConv2DBackpropFilter, [x, dy], attrs);
    expectClose(ungrouped({ ...c, format: 'NHWC' }, dw as NdArray), want);
  });
});

describe('Conv2D', () => {
  const infer = (
    input: readonly (number | null)[] | null,
    filter: readonly (number | null)[] | null,
    attrs: Attrs = {},
  ) =>
    inferOp(Conv2D, [input, filter], {
      T: 'float32',
      strides: [1, 1, 1, 1],
      padding: 'SAME',
      ...attrs,
    });

  it('infers what is known of a shape', () => {
    expect(infer([null, 9, null, 4], [3, 3, 4, 8], { strides: [1, 2, 2, 1] })).toEqual([
      [null, 5, null, 8],
    ]);
    expect(infer(null, null)).toEqual([[null, null, null, null]]);
    expect(infer([null, null, 4, 4], null, { data_format: 'NCHW', padding: 'VALID' })).toEqual([
      [null, null, null, null],
    ]);
  });

  it.each([
    ['Shape must be rank 4 but is rank 3', [1, 4, 4], [3, 3, 2, 4], {}],
    [
      'Depth of input (3) is not a multiple of input depth of filter (2)',
      [1, 4, 4, 3],
      [3, 3, 2, 4],
      {},
    ],
    [
      'Depth of output (3) is not a multiple of the number of groups (2)',
      [1, 4, 4, 4],
      [3, 3, 2, 3],
      {},
    ],
    ['Depth of filter must not be 0', [1, 4, 4, 0], [3, 3, 0, 4], {}],
    [
      'Negative dimension size caused by subtracting 3 from 2',
      [1, 2, 2, 3],
      [3, 3, 3, 4],
      { padding: 'VALID' },
    ],
    ['Stride must be > 0, but got 0', [1, 4, 4, 3], [3, 3, 3, 4], { strides: [1, 0, 1, 1] }],
    [
      'Conv2D on data format NHWC requires the stride attribute to contain 4 values, but got: 3',
      [1, 4, 4, 3],
      [3, 3, 3, 4],
      { strides: [1, 1, 1] },
    ],
    [
      'explicit_paddings attribute must contain 8 values, but got: 0',
      [1, 4, 4, 3],
      [3, 3, 3, 4],
      { padding: 'EXPLICIT' },
    ],
  ] as const)('rejects with "%s"', (message, input, filter, attrs) => {
    expect(() => infer(input, filter, attrs)).toThrow(message);
  });
});

describe('Conv2DBackpropInput', () => {
  const attrs = { T: 'float32', strides: [1, 1, 1, 1], padding: 'SAME' };
  it('takes the input shape from two or four sizes', () => {
    const shapes = [[4], [3, 3, 2, 4], [1, 5, 6, 4]] as const;
    expect(inferOp(Conv2DBackpropInput, shapes, attrs, { 0: [1, 5, 6, 2] })).toEqual([
      [1, 5, 6, 2],
    ]);
    expect(inferOp(Conv2DBackpropInput, shapes, attrs, { 0: [5, 6] })).toEqual([[1, 5, 6, 2]]);
    expect(inferOp(Conv2DBackpropInput, shapes, attrs)).toEqual([[1, null, null, null]]);
  });
  it('rejects three sizes', () => {
    const shapes = [[3], [3, 3, 2, 4], [1, 5, 6, 4]] as const;
    expect(() => inferOp(Conv2DBackpropInput, shapes, attrs, { 0: [1, 5, 6] })).toThrow(
      '4 values or 2 values, but got: 3',
    );
  });
});
