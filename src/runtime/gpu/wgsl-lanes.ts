/**
 * What is known of integer index expressions when one invocation handles four neighbours along the
 * vectorised axis: how the value steps from lane to lane, what divides it at lane 0, its range. So
 * `i % 128` is four neighbours, `i / 128` one value, and both cost scalar arithmetic.
 * The vectorised axis is a multiple of 4 at lane 0.
 */
import { isComparison, operands, type Expr, type ExprOf } from '../../ir/expr.js';

export interface Lanes {
  /** Difference between lanes; 0 when all four are equal; undefined when it is not constant. */
  readonly stride: number | undefined;
  /** Divides the value at lane 0; 0 divides like zero itself (the value is 0). */
  readonly multiple: number;
  /** Bounds of the value over all lanes. */
  readonly lo: number;
  readonly hi: number;
}

const unknown = { multiple: 1, lo: -Infinity, hi: Infinity } as const;
const uniformLanes: Lanes = { stride: 0, ...unknown };
const scattered: Lanes = { stride: undefined, ...unknown };
const limit = 2 ** 31;

export function gcd(a: number, b: number): number {
  let x = Math.abs(a);
  let y = Math.abs(b);
  while (y !== 0) [x, y] = [y, x % y];
  return x;
}

/** Forgets what 32-bit arithmetic could have wrapped; a power of two still divides. */
const bounded = (lanes: Lanes): Lanes =>
  lanes.lo >= -limit && lanes.hi < limit
    ? lanes
    : { ...unknown, stride: lanes.stride, multiple: gcd(lanes.multiple, 4096) };

const both = (
  a: Lanes,
  b: Lanes,
  join: (x: number, y: number) => number | undefined,
): number | undefined =>
  a.stride === undefined || b.stride === undefined ? undefined : join(a.stride, b.stride);

const valueOf = (expr: Expr): number | undefined =>
  expr.kind === 'const' && (expr.type === 'i32' || expr.type === 'u32')
    ? Number(expr.value)
    : undefined;

export class LaneAnalysis {
  private readonly memo = new Map<Expr, Lanes>();

  /**
   * @param vectorAxis the axis whose index advances by one from lane to lane, or undefined.
   * @param extentOf extent of an axis (Infinity if unknown).
   * @param isWide whether a `stage` or `acc` node differs between lanes.
   */
  constructor(
    private readonly vectorAxis: number | undefined,
    private readonly extentOf: (axis: number) => number,
    private readonly isWide: (node: ExprOf<'stage'> | ExprOf<'acc'>) => boolean = () => false,
  ) {}

  of(expr: Expr): Lanes {
    const known = this.memo.get(expr);
    if (known !== undefined) return known;
    const lanes = this.analyse(expr);
    this.memo.set(expr, lanes);
    return lanes;
  }

  isUniform(expr: Expr): boolean {
    return this.of(expr).stride === 0;
  }

  /** Whether `at` names four neighbours that start at a multiple of four. */
  isAlignedRun(at: Expr): boolean {
    const { stride, multiple } = this.of(at);
    return stride === 1 && multiple % 4 === 0;
  }

  private analyse(expr: Expr): Lanes {
    switch (expr.kind) {
      case 'const': {
        const value = valueOf(expr);
        return value === undefined
          ? uniformLanes
          : { stride: 0, multiple: Math.abs(value), lo: value, hi: value };
      }
      case 'index': {
        const wide = expr.axis === this.vectorAxis;
        const hi = Math.max(this.extentOf(expr.axis) - 1, 0);
        return { stride: wide ? 1 : 0, multiple: wide ? 4 : 1, lo: 0, hi };
      }
      case 'stage':
      case 'acc':
        return this.isWide(expr) ? scattered : uniformLanes;
      case 'binary':
        return isComparison(expr.fn) ? this.comparison(expr) : this.arithmetic(expr);
      case 'select':
        return this.select(expr);
      case 'cast': {
        const x = this.of(expr.x);
        const integers =
          (expr.type === 'i32' || expr.type === 'u32') &&
          (expr.x.type === 'i32' || expr.x.type === 'u32');
        return integers && x.lo >= 0 && x.hi < limit ? x : this.ofOperands(expr);
      }
      case 'check':
        return this.of(expr.x);
      default:
        return this.ofOperands(expr);
    }
  }

  private ofOperands(expr: Expr): Lanes {
    return operands(expr).every((input) => this.isUniform(input)) ? uniformLanes : scattered;
  }

  private select(expr: ExprOf<'select'>): Lanes {
    const a = this.of(expr.a);
    const b = this.of(expr.b);
    if (!this.isUniform(expr.cond) || a.stride === undefined || a.stride !== b.stride)
      return scattered;
    return {
      stride: a.stride,
      multiple: gcd(a.multiple, b.multiple),
      lo: Math.min(a.lo, b.lo),
      hi: Math.max(a.hi, b.hi),
    };
  }

  /** `e < c` has one answer for all lanes when no lane crosses a multiple that divides both. */
  private comparison(expr: ExprOf<'binary'>): Lanes {
    const a = this.of(expr.a);
    const b = this.of(expr.b);
    if (a.stride === 0 && b.stride === 0) return uniformLanes;
    const forward = b.stride === 0;
    const e = forward ? a : b;
    const bound = valueOf(forward ? expr.b : expr.a);
    if (bound === undefined || e.stride === undefined || e.stride < 0) return scattered;
    const inclusive = forward ? ['le', 'gt'] : ['lt', 'ge'];
    const exclusive = forward ? ['lt', 'ge'] : ['le', 'gt'];
    const edge = inclusive.includes(expr.fn)
      ? bound + 1
      : exclusive.includes(expr.fn)
        ? bound
        : undefined;
    if (edge === undefined) return scattered;
    const step = gcd(e.multiple, edge);
    return step === 0 || 3 * e.stride < step ? uniformLanes : scattered;
  }

  private arithmetic(expr: ExprOf<'binary'>): Lanes {
    if (expr.type !== 'i32' && expr.type !== 'u32') return this.ofOperands(expr);
    const a = this.of(expr.a);
    const b = this.of(expr.b);
    const value = valueOf(expr.b);
    switch (expr.fn) {
      case 'add':
        return bounded({
          stride: both(a, b, (x, y) => x + y),
          multiple: gcd(a.multiple, b.multiple),
          lo: a.lo + b.lo,
          hi: a.hi + b.hi,
        });
      case 'sub':
        return bounded({
          stride: both(a, b, (x, y) => x - y),
          multiple: gcd(a.multiple, b.multiple),
          lo: a.lo - b.hi,
          hi: a.hi - b.lo,
        });
      case 'mul':
        return product(a, valueOf(expr.a), b, value);
      case 'div':
        return value === undefined ? this.ofOperands(expr) : quotient(a, value);
      case 'mod':
        return value === undefined ? this.ofOperands(expr) : remainder(a, value);
      case 'shr':
        return value === undefined || value > 30 ? this.ofOperands(expr) : quotient(a, 2 ** value);
      case 'and':
        return value !== undefined && value > 0 && Number.isInteger(Math.log2(value + 1))
          ? remainder(a, value + 1)
          : this.ofOperands(expr);
      case 'max':
      case 'min':
        return extremum(expr.fn, a, b);
      default:
        return this.ofOperands(expr);
    }
  }
}

function product(a: Lanes, ca: number | undefined, b: Lanes, cb: number | undefined): Lanes {
  const corners = [a.lo * b.lo, a.lo * b.hi, a.hi * b.lo, a.hi * b.hi];
  const sure = corners.every((corner) => !Number.isNaN(corner));
  const stride = both(a, b, (x, y) => {
    if (cb !== undefined) return x * cb;
    if (ca !== undefined) return y * ca;
    return x === 0 && y === 0 ? 0 : undefined;
  });
  return bounded({
    stride,
    multiple: a.multiple * b.multiple,
    lo: sure ? Math.min(...corners) : -Infinity,
    hi: sure ? Math.max(...corners) : Infinity,
  });
}

function quotient(a: Lanes, divisor: number): Lanes {
  if (divisor <= 0 || a.lo < 0) return a.stride === 0 ? uniformLanes : scattered;
  const lo = Math.floor(a.lo / divisor);
  const hi = Math.floor(a.hi / divisor);
  const whole = a.multiple % divisor === 0;
  const multiple = whole ? a.multiple / divisor : 1;
  if (staysWithin(a, divisor)) return { stride: 0, multiple, lo, hi };
  const steps = whole && a.stride !== undefined && a.stride % divisor === 0;
  return { stride: steps ? a.stride / divisor : undefined, multiple, lo, hi };
}

function remainder(a: Lanes, divisor: number): Lanes {
  if (divisor <= 0 || a.lo < 0) return a.stride === 0 ? uniformLanes : scattered;
  const hi = Math.min(a.hi, divisor - 1);
  const multiple = gcd(a.multiple, divisor);
  if (staysWithin(a, divisor)) return { stride: a.stride, multiple, lo: 0, hi };
  const same = a.stride !== undefined && a.stride % divisor === 0;
  return { stride: same ? 0 : undefined, multiple, lo: 0, hi };
}

/** Whether all lanes have the same quotient by `divisor`. */
function staysWithin({ stride, multiple }: Lanes, divisor: number): boolean {
  if (stride === undefined) return false;
  return stride === 0 || (stride > 0 && 3 * stride < gcd(multiple, divisor));
}

function extremum(fn: 'max' | 'min', a: Lanes, b: Lanes): Lanes {
  const pick = fn === 'max' ? Math.max : Math.min;
  const uniform = a.stride === 0 && b.stride === 0;
  return {
    stride: uniform ? 0 : undefined,
    multiple: uniform ? gcd(a.multiple, b.multiple) : 1,
    lo: pick(a.lo, b.lo),
    hi: pick(a.hi, b.hi),
  };
}
