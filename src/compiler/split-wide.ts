/**
 * Split wide: a device binds few buffers to a kernel, and an op may have many inputs (a sum or a
 * concatenation of thirty tensors). Parts of such an op's expression become values of their own, so
 * that no piece has more loads than fit. Later stages fuse within the same limit.
 */
import { firstFoldAxis, load, operands, rewrite, withOperands, type Expr } from '../ir/expr.js';
import type { FlowVariable } from './flow.js';
import { indices } from './index-algebra.js';
import type { Fresh } from './lower.js';
import { exprsOf, loadsOf, type MapPiece, type Piece, type PieceOutput } from './piece.js';

export interface SplitWideOptions {
  readonly maxBindings: number;
  readonly variables: readonly FlowVariable[];
  /** Makes a value for a part. */
  readonly fresh: Fresh;
}

/** The same pieces, those of the device that bind too much each replaced by several. */
export function splitWide(pieces: readonly Piece[], options: SplitWideOptions): readonly Piece[] {
  const overwritten = new Map(options.variables.map((v) => [v.final, v.initial]));
  return pieces.flatMap((piece) =>
    piece.kind === 'map' && piece.place === 'device'
      ? splitMap(piece, overwritten, options)
      : piece,
  );
}

type Overwritten = ReadonlyMap<number | null, number | null>;

function splitMap(
  piece: MapPiece,
  overwritten: Overwritten,
  options: SplitWideOptions,
): readonly Piece[] {
  const loads = loadsOf(exprsOf(piece));
  // A variable's new value goes where the old one is read.
  const written = piece.outputs.filter(({ value }) => {
    const old = overwritten.get(value) ?? null;
    return old === null || !loads.has(old);
  });
  if (loads.size + written.length <= options.maxBindings) return [piece];
  if (piece.outputs.length > 1)
    return piece.outputs.flatMap((output) =>
      splitMap({ ...piece, outputs: [output] }, overwritten, options),
    );
  return new Splitting(piece, options).run();
}

/** What is known of an expression on the way up. */
interface Part {
  readonly loads: ReadonlySet<number>;
  /** Fold variables it uses from outside: without their loops it has no value. */
  readonly open: ReadonlySet<number>;
}

class Splitting {
  readonly #parts = new Map<Expr, Part>();
  /** Loads of the values that stand for expressions taken out. */
  readonly #taken = new Map<Expr, Expr>();
  readonly #pieces: Piece[] = [];
  readonly #maxLoads: number;

  constructor(
    readonly piece: MapPiece,
    readonly options: SplitWideOptions,
  ) {
    this.#maxLoads = Math.max(2, options.maxBindings - 1);
  }

  run(): readonly Piece[] {
    const outputs = this.piece.outputs.map(({ value, expr }): PieceOutput => ({
      value,
      expr: rewrite(expr, (e) => this.#visit(e)),
    }));
    return [...this.#pieces, { ...this.piece, outputs }];
  }

  #visit(node: Expr): Expr {
    let now = node;
    for (;;) {
      const part = this.#partOf(now);
      const widest = part.loads.size > this.#maxLoads ? this.#widest(now) : undefined;
      if (widest === undefined) {
        this.#parts.set(now, part);
        return now;
      }
      const stand = this.#takeOut(widest);
      now = rewriteOperand(now, widest, stand);
    }
  }

  #partOf(node: Expr): Part {
    const loads = new Set<number>();
    const open = new Set<number>();
    for (const operand of operands(node)) {
      const part = this.#parts.get(operand);
      for (const value of part?.loads ?? []) loads.add(value);
      for (const axis of part?.open ?? []) open.add(axis);
    }
    if (node.kind === 'load') loads.add(node.value);
    if (node.kind === 'index' && node.axis >= firstFoldAxis) open.add(node.axis);
    if (node.kind === 'fold') open.delete(node.axis);
    return { loads, open };
  }

  /** The operand that loads most among those that can be values of their own. */
  #widest(node: Expr): Expr | undefined {
    let widest: Expr | undefined;
    let most = 1;
    for (const operand of operands(node)) {
      const { loads, open } = this.#parts.get(operand) as Part;
      if (open.size > 0 || loads.size <= most) continue;
      [widest, most] = [operand, loads.size];
    }
    return widest;
  }

  #takeOut(expr: Expr): Expr {
    const known = this.#taken.get(expr);
    if (known !== undefined) return known;
    const { place, shape, nodes } = this.piece;
    const label = `${nodes[0] ?? ''}/part`;
    const value = this.options.fresh({ type: expr.type, shape, place, label });
    this.#pieces.push({ place, nodes, kind: 'map', shape, outputs: [{ value, expr }] });
    const stand = load(value, expr.type, indices(shape.length));
    this.#taken.set(expr, stand);
    this.#parts.set(stand, { loads: new Set([value]), open: new Set() });
    return stand;
  }
}

/** The node with one of its operands replaced. */
function rewriteOperand(node: Expr, from: Expr, to: Expr): Expr {
  return withOperands(
    node,
    operands(node).map((operand) => (operand === from ? to : operand)),
  );
}
