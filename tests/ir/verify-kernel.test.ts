import { InternalError } from '../../src/errors.js';
import {
  acc,
  add,
  binary,
  call,
  cast,
  constant,
  fold,
  index,
  int,
  load,
  lt,
  mul,
  select,
  stage,
  unary,
  type Expr,
} from '../../src/ir/expr.js';
import type {
  ContractKernel,
  Kernel,
  MapKernel,
  MapsKernel,
  ReduceKernel,
  ScatterKernel,
} from '../../src/ir/kernel.js';
import { verifyKernel } from '../../src/ir/verify-kernel.js';
import { rowScatter } from '../runtime/scatter-kernel.js';

const i0 = index(0);
const read = (binding: number, at: Expr, type: 'f32' | 'i32' | 'u32' | 'bool' = 'f32'): Expr => ({
  kind: 'read',
  type,
  binding,
  at,
});

/** One store of `value` to an f32 binding, over [4]. */
const map = (value: Expr, more: Partial<MapKernel> = {}): MapKernel => ({
  kind: 'map',
  label: 'a+b',
  shape: [4],
  bindings: [
    { access: 'read', storage: 'f32', length: 4 },
    { access: 'read_write', storage: 'f32', length: 4 },
    { access: 'read', storage: 'u32', length: 4 },
  ],
  stores: [{ binding: 1, at: i0, value }],
  ...more,
});

/** Two parts over [4], storing `value` and what the second of them reads. */
const maps = (stored: readonly [number], second: readonly [number], at: Expr = i0): MapsKernel => ({
  kind: 'maps',
  label: 'a+b',
  bindings: [0, 1, 2, 3].map(() => ({ access: 'read_write', storage: 'f32', length: 4 })),
  parts: [
    { shape: [4], stores: [{ binding: stored[0], at: i0, value: read(0, i0) }] },
    { shape: [4], stores: [{ binding: second[0], at, value: read(2, i0) }] },
  ],
});

const reduce = (more: Partial<ReduceKernel> = {}): ReduceKernel => ({
  kind: 'reduce',
  label: 'sum',
  shape: [4],
  inner: [3],
  bindings: [
    { access: 'read', storage: 'f32', length: 12 },
    { access: 'read_write', storage: 'f32', length: 4 },
    { access: 'read_write', storage: 'f32', length: 12 },
  ],
  stages: [{ combine: 'sum', type: 'f32', value: read(0, add(mul(i0, int(3)), index(1))) }],
  rowStores: [{ binding: 1, at: i0, value: stage(0, 'f32') }],
  elementStores: [],
  ...more,
});

const contract = (more: Partial<ContractKernel> = {}): ContractKernel => ({
  kind: 'contract',
  label: 'matmul',
  type: 'f32',
  batch: 1,
  m: 2,
  n: 2,
  k: 2,
  bindings: [
    { access: 'read', storage: 'f32', length: 4 },
    { access: 'read', storage: 'f32', length: 4 },
    { access: 'read_write', storage: 'f32', length: 4 },
  ],
  a: read(0, add(mul(index(1), int(2)), index(3))),
  b: read(1, add(mul(index(3), int(2)), index(2))),
  stores: [{ binding: 2, at: add(mul(index(1), int(2)), index(2)), value: acc('f32') }],
  ...more,
});

const scatter = (more: Partial<ScatterKernel> = {}): ScatterKernel => ({
  ...rowScatter({ rows: 4, width: 3, updates: 5 }),
  ...more,
});

const x = read(0, i0);

describe('verifyKernel', () => {
  it.each<[string, Kernel]>([
    ['a map', map(add(x, constant('f32', 1)))],
    ['a bool read from u32', map(select(read(2, i0, 'bool'), x, x))],
    ['a fold', map(fold('sum', 4, (j) => read(0, j)))],
    ['an update in place', map(add(read(1, i0), x))],
    ['a reduction', reduce()],
    ['a reduction over nothing', reduce({ inner: [0] })],
    ['a contraction', contract()],
    ['a contraction over nothing', contract({ k: 0 })],
    ['a scatter', scatter()],
    ['a scatter in place', rowScatter({ rows: 4, width: 3, updates: 5, start: null })],
  ])('accepts %s', (_, kernel) => {
    expect(() => {
      verifyKernel(kernel);
    }).not.toThrow();
  });

  const escaped = fold('sum', 4, (j) => read(0, j));
  const loop = escaped.kind === 'fold' ? index(escaped.axis) : i0;
  const mixed = binary('add', x, i0);
  it.each<[string, Kernel, string]>([
    ['a load left unresolved', map(load(3, 'f32', [i0])), 'a load of value 3 is left'],
    ['a read of a missing binding', map(read(7, i0)), 'there is no binding 7'],
    [
      'a store to a missing binding',
      map(x, { stores: [{ binding: 9, at: i0, value: x }] }),
      'there is no binding 9',
    ],
    [
      'a store to a read-only binding',
      map(x, { stores: [{ binding: 0, at: i0, value: x }] }),
      'bound for reading',
    ],
    ['operands of two types', map(mixed), 'the right side of add is i32, not f32'],
    [
      'a float function of an integer',
      map(unary('exp', cast('i32', x))),
      'the operand of exp is i32',
    ],
    [
      'a condition that is not bool',
      map({ kind: 'select', type: 'f32', cond: x, a: x, b: x }),
      'the condition of a select is f32',
    ],
    ['a float used as an index', map(read(0, x)), 'the place of a read is f32'],
    [
      'a place to store at that is no integer',
      map(x, { stores: [{ binding: 1, at: x, value: x }] }),
      'a place to store at is not i32',
    ],
    ['a u32 read as f32', map(read(2, i0)), 'f32 is read from a binding of u32'],
    ['a bool stored as f32', map(lt(x, x)), 'a bool is stored to binding 1 of f32'],
    [
      'a big integer in an i32',
      map(cast('f32', constant('i32', 2 ** 31))),
      'a i32 constant is 2147483648',
    ],
    [
      'a bool that is 2',
      map(select({ kind: 'const', type: 'bool', value: 2 }, x, x)),
      'a bool constant is 2',
    ],
    ['an axis the kernel has not', map(read(0, index(1))), 'axis 1 cannot be used here'],
    [
      'a loop variable outside its fold',
      map(add(escaped, read(0, loop))),
      'is used outside its fold',
    ],
    ['a constant index out of range', map(read(0, int(4))), 'element 4 of 4 is read'],
    ['a read of what it writes elsewhere', map(read(1, int(0))), 'read at another element'],
    ['a stage in a map', map(stage(0, 'f32')), 'stage 0 of type f32 is not defined before'],
    ['acc in a map', map(acc('f32')), 'acc of type f32 is not defined here'],
    ['too few arguments', map(cast('f32', call('philox', []))), 'philox takes 7 arguments'],
    ['a map over no points', map(x, { shape: [0] }), 'its iteration space is [0]'],
    ['a map that stores nothing', map(x, { stores: [] }), 'it stores nothing'],
    [
      'a stage that uses itself',
      reduce({ stages: [{ combine: 'sum', type: 'f32', value: stage(0, 'f32') }] }),
      'stage 0 of type f32 is not defined before',
    ],
    [
      'a stage of another type than its value',
      reduce({ stages: [{ combine: 'sum', type: 'i32', value: x }] }),
      'it is i32',
    ],
    [
      'a sum of bools',
      reduce({ stages: [{ combine: 'sum', type: 'bool', value: lt(x, x) }] }),
      'what sum combines is bool',
    ],
    [
      'an inner axis in a row store',
      reduce({ rowStores: [{ binding: 1, at: i0, value: read(0, index(1)) }] }),
      'axis 1 cannot be used here',
    ],
    [
      'axis n in the left operand',
      contract({ a: read(0, index(2)) }),
      'axis 2 cannot be used here',
    ],
    [
      'axis m in the right operand',
      contract({ b: read(1, index(1)) }),
      'axis 1 cannot be used here',
    ],
    [
      'axis k in the epilogue',
      contract({ stores: [{ binding: 2, at: index(3), value: acc('f32') }] }),
      'axis 3 cannot be used here',
    ],
    ['acc in the prologue', contract({ a: acc('f32') }), 'acc of type f32 is not defined here'],
    ['parts that touch what others write', maps([1], [0]), 'touched by another part'],
    ['parts that write the same', maps([1], [1]), 'touched by another part'],
    ['an axis of another part', maps([1], [3], index(1)), 'axis 1 cannot be used here'],
    ['an operand of another type', contract({ a: cast('i32', x) }), 'its type is not f32'],
    ['a scatter of no updates', scatter({ shape: [0, 3] }), 'its iteration space is [0,3,4,3]'],
    ['a place that is no integer', scatter({ at: read(1, i0) }), 'a place to update is not i32'],
    ['an update of another type', scatter({ value: i0 }), 'its type is not f32'],
    [
      'an update that reads the result',
      scatter({
        initial: { binding: 2, at: int(0), value: constant('f32', 0) },
        value: read(2, int(0)),
      }),
      'an update reads the result',
    ],
    [
      'an axis of the result in an update',
      scatter({ value: read(1, index(2)) }),
      'axis 2 cannot be used here',
    ],
    [
      'an axis of the updates in the fill',
      scatter({ initial: { binding: 2, at: i0, value: constant('f32', 0) } }),
      'axis 0 cannot be used here',
    ],
  ])('rejects %s', (_, kernel, message) => {
    const verify = (): void => {
      verifyKernel(kernel, { where: 'step 3', nodes: ['dense/add'] });
    };
    expect(verify).toThrow(InternalError);
    expect(verify).toThrow(message);
    expect(verify).toThrow(`step 3, kernel "${kernel.label}"`);
    expect(verify).toThrow(expect.objectContaining({ node: 'dense/add' }) as Error);
  });

  it('accepts parts that write apart and read the same', () => {
    expect(() => {
      verifyKernel(maps([1], [3]));
    }).not.toThrow();
  });

  it('rejects 64-bit types on a device and accepts them on the host', () => {
    const wide = map(cast('f32', cast('f64', x)));
    expect(() => {
      verifyKernel(wide, { place: 'host' });
    }).not.toThrow();
    expect(() => {
      verifyKernel(wide, { place: 'device' });
    }).toThrow('f64 is computed with on a device');
  });
});

describe('strings', () => {
  const text = (value: Expr, storage: 'str' | 'u32' = 'str'): Kernel => ({
    kind: 'map',
    label: 'text',
    shape: [4],
    bindings: [
      { access: 'read', storage: 'str', length: 4 },
      { access: 'read_write', storage, length: 4 },
    ],
    stores: [{ binding: 1, at: i0, value }],
  });
  const x: Expr = { kind: 'read', type: 'str', binding: 0, at: i0 };

  it('are joined and compared on the host', () => {
    for (const kernel of [
      text(add(x, constant('str', '!'))),
      text(fold('sum', 2, () => x)),
      text(select(binary('eq', x, constant('str', '')), x, x)),
      text(binary('ne', x, x), 'u32'),
    ])
      expect(() => {
        verifyKernel(kernel);
      }).not.toThrow();
  });

  it.each<readonly [string, Expr, string]>([
    ['multiplied', mul(x, x), 'the left side of mul is str'],
    ['ordered', binary('lt', x, x), 'the left side of lt is str'],
    ['negated', unary('neg', x), 'the operand of neg is str'],
    ['cast to numbers', cast('f32', x), 'a str is cast to f32'],
    ['made of numbers', cast('str', int(1)), 'a i32 is cast to str'],
    ['the largest of some', fold('max', 2, () => x), 'what max combines is str'],
    ['numbers', { kind: 'const', type: 'str', value: 1 }, 'a str constant holds a number'],
    ['in numbers', { kind: 'const', type: 'f32', value: 'a' }, 'a f32 constant holds a string'],
  ])('are not %s', (_, value, rule) => {
    expect(() => {
      verifyKernel(text(value));
    }).toThrow(rule);
  });

  it('are not on a device', () => {
    expect(() => {
      verifyKernel(text(x), { place: 'device' });
    }).toThrow('storage str');
  });
});
