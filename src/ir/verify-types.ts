/** Type rules of expressions: which operand types each node takes and gives. */
import type { BinaryFn, Expr, ExprOf, ScalarType, UnaryFn } from './expr.js';
import { isComparison } from './expr.js';
import type { StorageType } from './kernel.js';

const floats: readonly ScalarType[] = ['f32', 'f64'];
const integers: readonly ScalarType[] = ['i32', 'u32', 'i64', 'u64'];
const numbers: readonly ScalarType[] = [...floats, ...integers];
const complexes: readonly ScalarType[] = ['c64', 'c128'];
const wide: readonly ScalarType[] = ['f64', 'i64', 'u64'];
const signed: readonly ScalarType[] = ['f32', 'f64', 'i32', 'i64'];

/** Whether a type exists on the host only. */
export const isHostOnly = (type: ScalarType): boolean => type === 'str' || wide.includes(type);

/** Storage of a value of a type: bool is stored as u32. */
export function storageOfType(type: ScalarType): StorageType {
  if (type === 'bool') return 'u32';
  return type === 'c64' ? 'f32' : type === 'c128' ? 'f64' : type;
}

/** Operand types of unary functions; those not listed take floats. */
const unaryTypes: Partial<Record<UnaryFn, readonly ScalarType[]>> = {
  neg: signed,
  abs: numbers,
  sign: numbers,
  not: [...integers, 'bool'],
  wrapI8: ['i32'],
  wrapI16: ['i32'],
  wrapU8: ['i32'],
  wrapU16: ['i32'],
  roundF16: ['f32'],
  roundBf16: ['f32'],
  real: complexes,
  imag: complexes,
};

const tests: readonly UnaryFn[] = ['isNan', 'isInf', 'isFinite'];

/** Operand types of binary functions; those not listed take numbers. */
const binaryTypes: Partial<Record<BinaryFn, readonly ScalarType[]>> = {
  add: [...numbers, 'str'],
  atan2: floats,
  and: [...integers, 'bool'],
  or: [...integers, 'bool'],
  xor: [...integers, 'bool'],
  shl: integers,
  shr: integers,
  eq: [...numbers, 'bool', 'str'],
  ne: [...numbers, 'bool', 'str'],
  complex: floats,
};

/** What is wrong with the types of a node and its operands, or null. */
export function typeError(node: Expr): string | null {
  switch (node.kind) {
    case 'const':
      return constantError(node);
    case 'index':
      return expect('an index', node.type, ['i32']);
    case 'load':
      return node.index
        .map((at) => expect('an index of a load', at.type, ['i32']))
        .reduce((first, error) => first ?? error, null);
    case 'read':
      return expect('the place of a read', node.at.type, ['i32']);
    case 'stage':
    case 'acc':
      return null;
    case 'cast':
      return castError(node);
    case 'unary':
      return (
        expect(`the operand of ${node.fn}`, node.x.type, unaryTypes[node.fn] ?? floats) ??
        expect(`the result of ${node.fn}`, node.type, [
          tests.includes(node.fn) ? 'bool' : node.x.type,
        ])
      );
    case 'binary':
      return binaryError(node);
    case 'select':
      return (
        expect('the condition of a select', node.cond.type, ['bool']) ??
        expect('the first choice of a select', node.a.type, [node.type]) ??
        expect('the second choice of a select', node.b.type, [node.type])
      );
    case 'bitcast':
      return [node.type, node.x.type]
        .map((type) => expect('a bitcast', type, ['f32', 'i32', 'u32']))
        .reduce((first, error) => first ?? error, null);
    case 'fold':
      return expect('the body of a fold', node.body.type, [node.type]) ?? combinerError(node);
    case 'call':
      return callError(node);
    case 'check':
      return (
        expect('the condition of a check', node.ok.type, ['bool']) ??
        expect('the result of a check', node.type, [node.x.type])
      );
  }
}

/** Byte strings are neither made from numbers nor read as them. */
function castError({ type, x }: ExprOf<'cast'>): string | null {
  return type !== x.type && (type === 'str' || x.type === 'str')
    ? `a ${x.type} is cast to ${type}`
    : null;
}

function expect(what: string, type: ScalarType, allowed: readonly ScalarType[]): string | null {
  return allowed.includes(type) ? null : `${what} is ${type}, not ${allowed.join(' or ')}`;
}

function constantError({ type, value }: ExprOf<'const'>): string | null {
  const held = type === 'str' ? 'string' : type === 'i64' || type === 'u64' ? 'bigint' : 'number';
  if (typeof value !== held) return `a ${type} constant holds a ${typeof value}`;
  if (type === 'bool' && value !== 0 && value !== 1)
    return `a bool constant is ${value}, not 0 or 1`;
  const isWhole = type === 'i32' || type === 'u32';
  if (isWhole && !inRange(Number(value), type)) return `a ${type} constant is ${value}`;
  return null;
}

const inRange = (value: number, type: 'i32' | 'u32'): boolean =>
  value === (type === 'i32' ? value | 0 : value >>> 0);

function binaryError({ fn, type, a, b }: ExprOf<'binary'>): string | null {
  const result = isComparison(fn) ? 'bool' : a.type;
  return (
    expect(`the left side of ${fn}`, a.type, binaryTypes[fn] ?? numbers) ??
    expect(`the right side of ${fn}`, b.type, [a.type]) ??
    expect(`the result of ${fn}`, type, [result])
  );
}

/** Whether a combiner suits the type it combines. */
export function combinerError({
  combine,
  type,
}: {
  readonly combine: string;
  readonly type: ScalarType;
}): string | null {
  const isLogical = combine === 'and' || combine === 'or';
  const allowed = isLogical ? [...integers, 'bool' as const] : numbers;
  const joins = combine === 'sum' ? ['str' as const] : [];
  return expect(`what ${combine} combines`, type, [...allowed, ...joins]);
}

function callError({ fn, type, args }: ExprOf<'call'>): string | null {
  if (args.length !== 7) return `${fn} takes 7 arguments, not ${args.length}`;
  const wrong = args.find((arg) => arg.type !== 'u32');
  if (wrong) return expect(`an argument of ${fn}`, wrong.type, ['u32']);
  return expect(`the result of ${fn}`, type, [fn === 'philox' ? 'u32' : 'f32']);
}
