/** Checks inside kernels: the host raises and says which value, a device computes the value alone. */
import { InvalidArgumentError } from '../../../src/errors.js';
import {
  add,
  check,
  constant,
  ge,
  index,
  int,
  lt,
  mul,
  unary,
  type Expr,
} from '../../../src/ir/expr.js';
import { ExprKeys } from '../../../src/ir/expr-keys.js';
import { hasChecks } from '../../../src/ir/kernel.js';
import { printExpr } from '../../../src/ir/print.js';
import { typeError } from '../../../src/ir/verify-types.js';
import { compileHostKernel } from '../../../src/runtime/cpu/run-kernel.js';
import { mapKernel, read } from './kernels.js';

const x = read(0, index(0));
const failure = { message: 'x[{1}] = {0} is below 0, {0}', node: 'n', op: 'Root' };
const positive = check(unary('sqrt', x), ge(x, constant('f32', 0)), failure, [x, index(0)]);

const run = (value: Expr, data: readonly number[]): Float32Array => {
  const target = new Float32Array(data.length);
  compileHostKernel(mapKernel(data.length, ['f32'], value)).run([Float32Array.from(data), target]);
  return target;
};

describe('A check in a kernel', () => {
  it('passes its value on where it holds', () => {
    expect([...run(add(positive, positive), [4, 9])]).toEqual([4, 6]);
  });

  it('raises where it fails, with the values it names and the node', () => {
    expect(() => run(positive, [4, 9, -1, -2])).toThrow(
      new InvalidArgumentError('Root "n": x[2] = -1 is below 0, -1.'),
    );
    try {
      run(positive, [-1]);
    } catch (error) {
      expect(error).toMatchObject({ node: 'n', op: 'Root', code: 3 });
    }
  });

  it('keeps what a graph spells out of the generated code, which kernels share', () => {
    const hostile = { message: '${process.exit(1)}`\\n', node: '"); throw 1; ("', op: '*/' };
    const value = check(x, lt(x, constant('f32', 0)), hostile);
    expect(() => run(value, [1])).toThrow('*/ ""); throw 1; ("": ${process.exit(1)}`\\n.');
    const other = check(x, lt(x, constant('f32', 0)), failure, [x, int(7)]);
    expect(() => run(other, [1])).toThrow('Root "n": x[7] = 1 is below 0, 1.');
    expect(() => run(value, [1])).toThrow('*/');
  });

  it('tells checks apart by what they say', () => {
    const again = check(unary('sqrt', x), ge(x, constant('f32', 0)), { ...failure, node: 'm' });
    const keys = new ExprKeys();
    expect(keys.of(again)).not.toBe(
      keys.of(check(unary('sqrt', x), ge(x, constant('f32', 0)), failure)),
    );
    expect(() => run(mul(again, positive), [-1])).toThrow(InvalidArgumentError);
  });

  it('shows in what a kernel says of itself', () => {
    const kernel = mapKernel(2, ['f32'], positive);
    expect(hasChecks(kernel)).toBe(true);
    expect(compileHostKernel(kernel).hasChecks).toBe(true);
    expect(compileHostKernel(mapKernel(2, ['f32'], x)).hasChecks).toBe(false);
    expect(printExpr(positive)).toContain('check(sqrt(');
  });

  it('takes a bool', () => {
    expect(typeError(positive)).toBeNull();
    expect(typeError(check(x, x, failure))).toBe('the condition of a check is f32, not bool');
  });
});
