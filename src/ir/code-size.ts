/**
 * How much code an expression becomes in a driver's hands: helper functions are called in a kernel's
 * text, but drivers inline them. Bounds what is fused, so that no kernel takes long to compile.
 */
import { isComplexType, walk, type Expr } from './expr.js';

/**
 * Code beyond this is not fused into more: about a second of llvmpipe's compiler, whose time grows
 * faster than the code does from there on (`benchmarks/compile-time.ts`).
 */
export const maxCodeSize = 6000;

/**
 * Functions by what llvmpipe takes to compile them on four lanes, in additions: the same script
 * measures it. What is not here is as good as an addition.
 */
const sizes: Readonly<Record<string, number>> = {
  exp: 90,
  expm1: 130,
  log: 60,
  log1p: 110,
  sin: 330,
  cos: 330,
  tan: 400,
  asin: 60,
  acos: 60,
  atan: 60,
  atan2: 120,
  sinh: 150,
  cosh: 150,
  tanh: 200,
  asinh: 350,
  acosh: 350,
  atanh: 240,
  sigmoid: 120,
  softplus: 400,
  erf: 480,
  erfc: 480,
  pow: 600,
  mod: 700,
  max: 12,
  min: 12,
  sign: 10,
  roundF16: 80,
  roundBf16: 25,
  philox: 300,
  truncatedNormal: 1000,
};

const integerSizes: Readonly<Record<string, number>> = { pow: 330 };

/** Of complex numbers: a few functions of their parts, and what joins them. */
function complexSizeOf(node: Expr): number {
  if (node.kind !== 'unary' && node.kind !== 'binary') return 2;
  return node.fn === 'complex' ? 1 : 6 + 4 * (sizes[node.fn] ?? 1);
}

/** Size of one node, its operands apart. */
export function codeSizeOf(node: Expr): number {
  if (isComplexType(node.type)) return complexSizeOf(node);
  switch (node.kind) {
    case 'unary':
      return isFloat(node.x) ? (sizes[node.fn] ?? 1) : 1;
    case 'binary':
      return (isFloat(node.a) ? sizes : integerSizes)[node.fn] ?? 1;
    case 'call':
      return sizes[node.fn] ?? 1;
    case 'cast':
      return isFloat(node.x) && !isFloat(node) ? 50 : 1;
    default:
      return 1;
  }
}

const isFloat = ({ type }: Expr): boolean => type === 'f32' || type === 'f64';

/** Size of what one kernel computes, parts that several expressions share counted once. */
export function codeSize(exprs: readonly Expr[]): number {
  let size = 0;
  walk(exprs, (node) => (size += codeSizeOf(node)));
  return size;
}
