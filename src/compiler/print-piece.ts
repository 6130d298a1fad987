/** Pieces as text: lowered ops before buffers exist, their loads by value. */
import { formatShape } from '../graph/shape.js';
import { ExprPrinter } from '../ir/print-expr.js';
import { randomPosition } from './lower.js';
import { exprsOf, type Piece, type PieceOutput } from './piece.js';

const contractAxisNames = ['batch', 'm', 'n', 'k'];
const valueName = (value: number): string => (value === randomPosition ? 'random' : `%${value}`);

/**
 * One piece: its iteration space, the nodes inside, and an equation per value it computes.
 *
 * @example printPiece(piece);
 * // map [8,3] host "add+relu"
 * //   %4 = max(%2[i0, i1] + %3[i1], 0f)
 */
export function printPiece(piece: Piece): string {
  const axis = (i: number): string =>
    piece.kind === 'contract' ? (contractAxisNames[i] ?? `i${i}`) : `i${i}`;
  const printer = new ExprPrinter(exprsOf(piece), { axis, value: valueName });
  const outputs = (list: readonly PieceOutput[], note = ''): string[] =>
    list.flatMap(({ value, expr }) =>
      printer.lines(expr, (text) => `${valueName(value)}${note} = ${text}`),
    );
  const lines = (): string[] => {
    switch (piece.kind) {
      case 'map':
        return outputs(piece.outputs);
      case 'reduce':
        return [
          ...piece.stages.flatMap(({ combine, type, expr }, i) =>
            printer.lines(expr, (text) => `s${i}: ${type} = ${combine} of ${text}`),
          ),
          ...outputs(piece.rowOutputs, ' each row'),
          ...outputs(piece.elementOutputs, ' each element'),
        ];
      case 'contract':
        return [
          ...printer.lines(piece.a, (text) => `a = ${text}`),
          ...printer.lines(piece.b, (text) => `b = ${text}`),
          ...outputs(piece.outputs),
        ];
      case 'scatter': {
        const { at, update, combine, round } = piece;
        const rounded = round === null ? '' : `, ${round}`;
        return [
          ...outputs(piece.outputs, ' each element'),
          ...printer.pair(
            at,
            update,
            (place, text) => `[${place}] = ${combine} with ${text}${rounded}`,
          ),
        ];
      }
    }
  };
  const head = `${spaceText(piece)} ${piece.place} "${piece.nodes.join('+')}"`;
  return [head, ...lines().map((line) => `  ${line}`)].join('\n');
}

export const printPieces = (pieces: readonly Piece[]): string => pieces.map(printPiece).join('\n');

function spaceText(piece: Piece): string {
  switch (piece.kind) {
    case 'map':
      return `map ${formatShape(piece.shape)}`;
    case 'reduce':
      return `reduce rows ${formatShape(piece.shape)} inner ${formatShape(piece.inner)}`;
    case 'contract':
      return `contract ${piece.type} batch ${piece.batch} m ${piece.m} n ${piece.n} k ${piece.k}`;
    case 'scatter':
      return `scatter ${formatShape(piece.shape)} into ${formatShape(piece.out)}`;
  }
}
