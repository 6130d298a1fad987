/**
 * Verifier of pieces, after lowering and after fusion: loads have the rank and type of their
 * value, every value is computed once and before it is loaded, outputs fill their values. What
 * holds within one piece's expressions the verifier of kernels checks.
 */
import { InternalError } from '../errors.js';
import { elementCount, formatShape, type StaticShape } from '../graph/shape.js';
import { walk, type Expr, type ScalarType } from '../ir/expr.js';
import type { Place } from '../ir/program.js';
import { exprsOf, outputsOf, spaceOf, type Piece } from './piece.js';

/** What is known of values. */
export interface PieceValues {
  readonly shapeOf: (value: number) => StaticShape | undefined;
  /** Type a value's elements compute in, in a place; undefined if they cannot. */
  readonly typeOf: (value: number, place: Place) => ScalarType | undefined;
  /** Whether a piece computes it, rather than the caller, a constant or a variable. */
  readonly isComputed: (value: number) => boolean;
}

/**
 * @param stage for messages: `lowered` or `fused`.
 * @param external values that must be computed.
 * @throws InternalError naming the stage, the piece and the rule.
 */
export function verifyPieces(
  stage: string,
  pieces: readonly Piece[],
  values: PieceValues,
  external: ReadonlySet<number>,
): void {
  const done = new Set<number>();
  for (const piece of pieces) {
    const fail = (rule: string): never => {
      throw new InternalError(`Invalid ${stage} piece "${piece.nodes.join('+')}": ${rule}.`, {
        node: piece.nodes[0],
      });
    };
    walk(exprsOf(piece), (node) => {
      const wrong = loadError(node, piece, values, done);
      if (wrong !== null) fail(wrong);
    });
    for (const { value, expr, space } of filled(piece)) {
      const wrong = outputError(value, expr, space, piece.place, values);
      if (wrong !== null) fail(wrong);
      if (done.has(value)) fail(`value ${value} is computed twice`);
      done.add(value);
    }
  }
  for (const value of external)
    if (values.isComputed(value) && !done.has(value))
      throw new InternalError(`Invalid ${stage} pieces: nothing computes value ${value}.`);
}

function loadError(
  node: Expr,
  piece: Piece,
  { shapeOf, typeOf, isComputed }: PieceValues,
  done: ReadonlySet<number>,
): string | null {
  if (node.kind === 'read') return 'it reads a binding before there are buffers';
  if (node.kind !== 'load') return null;
  const shape = shapeOf(node.value);
  if (shape === undefined) return `there is no value ${node.value}`;
  if (node.index.length !== shape.length)
    return `value ${node.value} of shape ${formatShape(shape)} is loaded at ${node.index.length} indices`;
  const type = typeOf(node.value, piece.place);
  if (type !== node.type)
    return `value ${node.value} is ${type ?? 'nothing'} on the ${piece.place}, and is loaded as ${node.type}`;
  if (isComputed(node.value) && !done.has(node.value))
    return `value ${node.value} is loaded before it is computed`;
  return null;
}

interface Filled {
  readonly value: number;
  readonly expr: Expr;
  readonly space: readonly number[];
}

function filled(piece: Piece): Filled[] {
  if (piece.kind !== 'reduce')
    return outputsOf(piece).map((output) => ({ ...output, space: spaceOf(piece, false) }));
  return [
    ...piece.rowOutputs.map((output) => ({ ...output, space: spaceOf(piece, false) })),
    ...piece.elementOutputs.map((output) => ({ ...output, space: spaceOf(piece, true) })),
  ];
}

function outputError(
  value: number,
  expr: Expr,
  space: readonly number[],
  place: Place,
  { shapeOf, typeOf }: PieceValues,
): string | null {
  const shape = shapeOf(value);
  if (shape === undefined) return `there is no value ${value}`;
  if (elementCount(shape) !== elementCount(space))
    return `value ${value} of shape ${formatShape(shape)} is filled over ${formatShape(space)}`;
  const type = typeOf(value, place);
  return type === expr.type
    ? null
    : `value ${value} is ${type ?? 'nothing'} on the ${place}, and is computed as ${expr.type}`;
}
