/**
 * Scalar expressions: what one invocation computes for one element. Plain, immutable data; a node
 * may be shared (a DAG), and printers give shared nodes a name. Printers exist for WGSL and
 * JavaScript, one case per node kind, so the set is closed.
 */
import { InternalError } from '../errors.js';

/**
 * Computing types. The 64-bit ones, and byte strings (`str`), exist on the host only. The complex
 * ones, `c64` and `c128`, are pairs of f32 and f64; the compiler splits them into their parts before
 * a kernel is made, so no printer has them.
 */
export type ScalarType =
  'f32' | 'f64' | 'i32' | 'u32' | 'i64' | 'u64' | 'bool' | 'str' | 'c64' | 'c128';

export const isComplexType = (type: ScalarType): type is 'c64' | 'c128' =>
  type === 'c64' || type === 'c128';

/** Type of a complex type's real and imaginary part; other types are their own. */
export const partType = (type: ScalarType): ScalarType =>
  type === 'c64' ? 'f32' : type === 'c128' ? 'f64' : type;

/**
 * Float functions follow TensorFlow's CPU kernels for NaN and infinity. `round` is half to even.
 * `sign` of NaN is NaN. `wrapX` reduces an i32 to the range of a narrower integer, `roundX` rounds
 * an f32 to the nearest value of a 16-bit float. `not` is logical on bool and bitwise on integers.
 * `real` and `imag` are the parts of a complex number.
 */
export type UnaryFn =
  | 'neg'
  | 'abs'
  | 'sign'
  | 'floor'
  | 'ceil'
  | 'round'
  | 'trunc'
  | 'not'
  | 'sqrt'
  | 'rsqrt'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sin'
  | 'cos'
  | 'tan'
  | 'asin'
  | 'acos'
  | 'atan'
  | 'sinh'
  | 'cosh'
  | 'tanh'
  | 'asinh'
  | 'acosh'
  | 'atanh'
  | 'sigmoid'
  | 'softplus'
  | 'erf'
  | 'erfc'
  | 'isNan'
  | 'isInf'
  | 'isFinite'
  | 'wrapI8'
  | 'wrapI16'
  | 'wrapU8'
  | 'wrapU16'
  | 'roundF16'
  | 'roundBf16'
  | 'real'
  | 'imag';

/**
 * `div` is true division on floats and truncates on integers; `mod` is the remainder of truncated
 * division on both. `max` and `min` give NaN when either side is NaN. `pow` on integers wraps.
 * Integer arithmetic wraps. `and`, `or` are logical on bool, bitwise on integers. Byte strings are
 * joined by `add` and compared by `eq` and `ne`; nothing else is defined on them. `complex` makes a
 * complex number of its parts.
 */
export type BinaryFn =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'mod'
  | 'max'
  | 'min'
  | 'pow'
  | 'atan2'
  | 'and'
  | 'or'
  | 'xor'
  | 'shl'
  | 'shr'
  | 'lt'
  | 'le'
  | 'gt'
  | 'ge'
  | 'eq'
  | 'ne'
  | 'complex';

/** Associative combiners of reductions. `max`, `min` propagate NaN as the binary functions do. */
export type Combiner = 'sum' | 'prod' | 'max' | 'min' | 'and' | 'or';

/**
 * Functions too long for an expression, written by hand in each printer. All take u32 arguments.
 * `philox(key0, key1, counter0, counter1, counter2, counter3, lane)`: u32 lane 0..3 of
 *   Philox4x32-10 (Salmon et al. 2011).
 * `truncatedNormal(key0, key1, counter0, counter1, counter2, counter3, lane)`: f32 lane 0..3 of
 *   TensorFlow's TruncatedNormal group: from that counter on, normals (Box-Muller) with |z| < 2.
 */
export type Intrinsic = 'philox' | 'truncatedNormal';

export type Expr =
  /** A complex constant has no imaginary part; one that has is `complex` of two constants. */
  | { readonly kind: 'const'; readonly type: ScalarType; readonly value: number | bigint | string }
  /** Iteration variable; axes 0.. belong to the kernel, axes from `firstFoldAxis` to folds. */
  | { readonly kind: 'index'; readonly type: 'i32'; readonly axis: number }
  /** Element of a logical tensor (before buffers are assigned). One index expression per axis. */
  | {
      readonly kind: 'load';
      readonly type: ScalarType;
      readonly value: number;
      readonly index: readonly Expr[];
    }
  /** Element of the buffer at a binding (after buffers are assigned); `at` counts elements. */
  | {
      readonly kind: 'read';
      readonly type: ScalarType;
      readonly binding: number;
      readonly at: Expr;
    }
  /** Result of an earlier stage of the same reduce kernel. */
  | { readonly kind: 'stage'; readonly type: ScalarType; readonly stage: number }
  /** The accumulated sum of a contract kernel, in its epilogue. */
  | { readonly kind: 'acc'; readonly type: ScalarType }
  | { readonly kind: 'unary'; readonly type: ScalarType; readonly fn: UnaryFn; readonly x: Expr }
  | {
      readonly kind: 'binary';
      readonly type: ScalarType;
      readonly fn: BinaryFn;
      readonly a: Expr;
      readonly b: Expr;
    }
  | {
      readonly kind: 'select';
      readonly type: ScalarType;
      readonly cond: Expr;
      readonly a: Expr;
      readonly b: Expr;
    }
  /**
   * Value conversion: float to integer truncates toward zero, integers wrap, to bool is `!= 0`, a
   * complex number becomes its real part.
   */
  | { readonly kind: 'cast'; readonly type: ScalarType; readonly x: Expr }
  /** Reinterprets 32 bits. */
  | { readonly kind: 'bitcast'; readonly type: ScalarType; readonly x: Expr }
  /** Sequential reduction inside one invocation: `axis` is the loop variable, 0 <= axis < extent. */
  | {
      readonly kind: 'fold';
      readonly type: ScalarType;
      readonly combine: Combiner;
      readonly axis: number;
      readonly extent: number;
      readonly body: Expr;
    }
  | {
      readonly kind: 'call';
      readonly type: ScalarType;
      readonly fn: Intrinsic;
      readonly args: readonly Expr[];
    }
  /**
   * `x`, and on the host an InvalidArgumentError that names the node wherever `ok` is false. In
   * `message`, `{0}`, `{1}` ... stand for the values of `args`, which are computed only then. A
   * device computes `x` alone. A check that must be made stands in no arm of a `select`.
   */
  | {
      readonly kind: 'check';
      readonly type: ScalarType;
      readonly x: Expr;
      readonly ok: Expr;
      readonly args: readonly Expr[];
      readonly failure: CheckFailure;
    };

/** What a failed check says, and of which node. */
export interface CheckFailure {
  readonly message: string;
  readonly node: string;
  readonly op: string;
}

export type ExprOf<K extends Expr['kind']> = Extract<Expr, { readonly kind: K }>;

/** Loop variables of folds are numbered from here, so they never meet a kernel's own axes. */
export const firstFoldAxis = 1000;

const comparisons: ReadonlySet<BinaryFn> = new Set(['lt', 'le', 'gt', 'ge', 'eq', 'ne']);
export const isComparison = (fn: BinaryFn): boolean => comparisons.has(fn);
const complexOf = (part: ScalarType): ScalarType => (part === 'f64' ? 'c128' : 'c64');
const tests: ReadonlySet<UnaryFn> = new Set(['isNan', 'isInf', 'isFinite']);

/** A literal; the zero of byte strings is the empty one. */
export const constant = (type: ScalarType, value: number | bigint | boolean | string): Expr => ({
  kind: 'const',
  type,
  value:
    type === 'str'
      ? typeof value === 'string'
        ? value
        : emptyFor(value)
      : type === 'i64' || type === 'u64'
        ? BigInt(value)
        : type === 'bool'
          ? Number(Boolean(value))
          : Number(value),
});

function emptyFor(value: number | bigint | boolean): string {
  if (Number(value) === 0) return '';
  throw new InternalError(`A byte string cannot be the number ${value}.`);
}

/** i32 constant, as index arithmetic uses. */
export const int = (value: number): Expr => ({ kind: 'const', type: 'i32', value });
export const index = (axis: number): Expr => ({ kind: 'index', type: 'i32', axis });
export const load = (value: number, type: ScalarType, at: readonly Expr[]): Expr => ({
  kind: 'load',
  type,
  value,
  index: at,
});
export const stage = (stageIndex: number, type: ScalarType): Expr => ({
  kind: 'stage',
  type,
  stage: stageIndex,
});
export const acc = (type: ScalarType): Expr => ({ kind: 'acc', type });
export const unary = (fn: UnaryFn, x: Expr): Expr => ({
  kind: 'unary',
  type: tests.has(fn) ? 'bool' : fn === 'real' || fn === 'imag' ? partType(x.type) : x.type,
  fn,
  x,
});
export const binary = (fn: BinaryFn, a: Expr, b: Expr): Expr => ({
  kind: 'binary',
  type: comparisons.has(fn) ? 'bool' : fn === 'complex' ? complexOf(a.type) : a.type,
  fn,
  a,
  b,
});
export const select = (cond: Expr, a: Expr, b: Expr): Expr => ({
  kind: 'select',
  type: a.type,
  cond,
  a,
  b,
});
export const cast = (type: ScalarType, x: Expr): Expr =>
  x.type === type ? x : { kind: 'cast', type, x };
export const bitcast = (type: ScalarType, x: Expr): Expr =>
  x.type === type ? x : { kind: 'bitcast', type, x };
export const call = (fn: Intrinsic, args: readonly Expr[]): Expr => ({
  kind: 'call',
  type: fn === 'philox' ? 'u32' : 'f32',
  fn,
  args,
});
export const check = (
  x: Expr,
  ok: Expr,
  failure: CheckFailure,
  args: readonly Expr[] = [],
): Expr => ({ kind: 'check', type: x.type, x, ok, args, failure });

let nextFoldAxis = firstFoldAxis;
/** `combine` of `body(i)` over 0 <= i < extent, in one invocation. */
export function fold(combine: Combiner, extent: number, body: (i: Expr) => Expr): Expr {
  const axis = nextFoldAxis;
  nextFoldAxis = axis === 0x7fffffff ? firstFoldAxis : axis + 1;
  const inner = body(index(axis));
  return { kind: 'fold', type: inner.type, combine, axis, extent, body: inner };
}

export const add = (a: Expr, b: Expr): Expr => binary('add', a, b);
export const sub = (a: Expr, b: Expr): Expr => binary('sub', a, b);
export const mul = (a: Expr, b: Expr): Expr => binary('mul', a, b);
export const div = (a: Expr, b: Expr): Expr => binary('div', a, b);
export const mod = (a: Expr, b: Expr): Expr => binary('mod', a, b);
export const max = (a: Expr, b: Expr): Expr => binary('max', a, b);
export const min = (a: Expr, b: Expr): Expr => binary('min', a, b);
export const lt = (a: Expr, b: Expr): Expr => binary('lt', a, b);
export const le = (a: Expr, b: Expr): Expr => binary('le', a, b);
export const gt = (a: Expr, b: Expr): Expr => binary('gt', a, b);
export const ge = (a: Expr, b: Expr): Expr => binary('ge', a, b);
export const eq = (a: Expr, b: Expr): Expr => binary('eq', a, b);
export const ne = (a: Expr, b: Expr): Expr => binary('ne', a, b);
export const and = (a: Expr, b: Expr): Expr => binary('and', a, b);
export const or = (a: Expr, b: Expr): Expr => binary('or', a, b);
export const neg = (x: Expr): Expr => unary('neg', x);
export const complex = (re: Expr, im: Expr): Expr => binary('complex', re, im);
export const real = (x: Expr): Expr => unary('real', x);
export const imag = (x: Expr): Expr => unary('imag', x);
/** The complex conjugate. */
export const conj = (x: Expr): Expr => complex(real(x), neg(imag(x)));
/** A constant of the type of `x`. */
export const like = (x: Expr, value: number): Expr => constant(x.type, value);

/** Direct operands, in a fixed order. */
export function operands(expr: Expr): readonly Expr[] {
  switch (expr.kind) {
    case 'const':
    case 'index':
    case 'stage':
    case 'acc':
      return [];
    case 'load':
      return expr.index;
    case 'read':
      return [expr.at];
    case 'unary':
    case 'cast':
    case 'bitcast':
      return [expr.x];
    case 'binary':
      return [expr.a, expr.b];
    case 'select':
      return [expr.cond, expr.a, expr.b];
    case 'fold':
      return [expr.body];
    case 'call':
      return expr.args;
    case 'check':
      return [expr.x, expr.ok, ...expr.args];
  }
}

/** The same node over other operands (in the order of `operands`). */
export function withOperands(expr: Expr, next: readonly Expr[]): Expr {
  const at = (i: number): Expr => next[i] as Expr;
  switch (expr.kind) {
    case 'const':
    case 'index':
    case 'stage':
    case 'acc':
      return expr;
    case 'load':
      return { ...expr, index: next };
    case 'read':
      return { ...expr, at: at(0) };
    case 'unary':
    case 'cast':
    case 'bitcast':
      return { ...expr, x: at(0) };
    case 'binary':
      return { ...expr, a: at(0), b: at(1) };
    case 'select':
      return { ...expr, cond: at(0), a: at(1), b: at(2) };
    case 'fold':
      return { ...expr, body: at(0) };
    case 'call':
      return { ...expr, args: next };
    case 'check':
      return { ...expr, x: at(0), ok: at(1), args: next.slice(2) };
  }
}

/**
 * Rebuilds an expression bottom-up. `visit` sees each distinct node once, after its operands;
 * sharing is kept. Depth is bounded by an explicit stack, so long fused chains are safe.
 */
export function rewrite(
  root: Expr,
  visit: (expr: Expr) => Expr,
  memo = new Map<Expr, Expr>(),
): Expr {
  const stack: Expr[] = [root];
  while (stack.length > 0) {
    const expr = stack[stack.length - 1] as Expr;
    if (memo.has(expr)) {
      stack.pop();
      continue;
    }
    const inputs = operands(expr);
    const missing = inputs.filter((input) => !memo.has(input));
    if (missing.length > 0) {
      stack.push(...missing);
      continue;
    }
    stack.pop();
    const next = inputs.map((input) => memo.get(input) as Expr);
    const same = next.every((input, i) => input === inputs[i]);
    memo.set(expr, visit(same ? expr : withOperands(expr, next)));
  }
  return memo.get(root) as Expr;
}

/** Calls `visit` once for each distinct node reachable from `roots`, operands first. */
export function walk(roots: readonly Expr[], visit: (expr: Expr) => void): void {
  const seen = new Map<Expr, Expr>();
  for (const root of roots) {
    rewrite(
      root,
      (expr) => {
        visit(expr);
        return expr;
      },
      seen,
    );
  }
}
