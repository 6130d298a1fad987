import { explainProgram, formatBytes, formatExplanation } from '../../src/compiler/explain.js';
import { kernelCost } from '../../src/compiler/kernel-cost.js';
import { add, constant, fold, index, int, mul, unary, type Expr } from '../../src/ir/expr.js';
import type { Kernel } from '../../src/ir/kernel.js';
import { compileGraph, inGraph, placeholder } from './compile-graph.js';

const read = (binding: number, at: Expr): Expr => ({ kind: 'read', type: 'f32', binding, at });
const bindings = [
  { access: 'read', storage: 'f32', length: 100 },
  { access: 'read_write', storage: 'f32', length: 10 },
] as const;
const map = (value: Expr): Kernel => ({
  kind: 'map',
  label: 'm',
  shape: [10],
  bindings,
  stores: [{ binding: 1, at: index(0), value }],
});

describe('kernelCost', () => {
  it('counts arithmetic on floats once per point, and none for indices', () => {
    const x = read(0, add(mul(index(0), int(2)), int(1)));
    const shared = unary('exp', x);
    expect(kernelCost(map(mul(shared, shared))).flops).toBe(20);
  });

  it('counts each element read once', () => {
    expect(kernelCost(map(read(0, index(0)))).bytesRead).toBe(40);
    expect(kernelCost(map(fold('sum', 100, (j) => read(0, j)))).bytesRead).toBe(400);
  });

  it('counts the body of a fold for every turn', () => {
    const value = fold('sum', 7, (j) => mul(read(0, j), constant('f32', 2)));
    expect(kernelCost(map(value)).flops).toBe(10 * 7 * 2);
  });
});

describe('explainProgram', () => {
  const dense = () =>
    inGraph((b) => {
      const x = placeholder(b, [8, 4]);
      const w = placeholder(b, [4, 3], 'w');
      const y = b.op('Relu', [b.op('MatMul', [x, w], {}, 'product')], {}, 'relu');
      return explainProgram(compileGraph([y], [x, w]));
    });

  it('names the ops in each kernel, and counts its work and bytes', () => {
    expect(dense().kernels).toEqual([
      {
        step: 0,
        kind: 'contract',
        place: 'device',
        label: 'product+relu',
        nodes: ['product', 'relu'],
        shape: [1, 8, 3],
        reduced: [4],
        flops: 2 * 8 * 4 * 3 + 8 * 3,
        bytesRead: 4 * (8 * 4 + 4 * 3),
        bytesWritten: 4 * 8 * 3,
      },
    ]);
  });

  it('sums memory up by what it is for', () => {
    expect(dense()).toMatchObject({
      dispatches: 1,
      copies: 0,
      transfers: 0,
      arenaBytes: 96,
      constantBytes: 0,
      variableBytes: 0,
      feeds: [
        { name: 'x:0', byteLength: 128 },
        { name: 'w:0', byteLength: 48 },
      ],
      fetches: [{ name: 'relu', shape: [8, 3], byteLength: 96, source: 'buffer' }],
    });
  });

  it('prints as an aligned table', () => {
    expect(formatExplanation(dense())).toBe(
      `1 kernels (1 on the device, 0 on the host), 0 copies, 0 transfers, 216 FLOP
memory: variables 0 B, constants 0 B, arena 96 B

step  kind      place   space             read   written  work      ops
0     contract  device  [1,8,3] over [4]  176 B  96 B     216 FLOP  product + relu

feed   x:0   float32  [8,4]  128 B
feed   w:0   float32  [4,3]  48 B
fetch  relu  float32  [8,3]  96 B`,
    );
  });

  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [200 * 1024, '200 KiB'],
    [3 * 2 ** 30, '3.0 GiB'],
  ])('writes %i bytes as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});
