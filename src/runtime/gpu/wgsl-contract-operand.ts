/**
 * Prints loads of a contraction's operands. A panel is one operand at a fixed place along its lane
 * axis (m for `a`, n for `b`); asked for successive k, it gives one value, or four neighbours along
 * the lane axis, for each. What does not change with k is computed before the loop.
 */
import { InternalError } from '../../errors.js';
import type { Expr } from '../../ir/expr.js';
import { contractAxes, type Binding, type ContractKernel } from '../../ir/kernel.js';
import { extentOf, type Direction } from './wgsl-contract-plan.js';
import { ExprPrinter } from './wgsl-expr.js';
import type { HelperSet } from './wgsl-helpers.js';
import { wgslType, type Width } from './wgsl-literal.js';

/** What the printers of one module share. */
export interface ContractModule {
  readonly kernel: ContractKernel;
  readonly bindings: readonly Binding[];
  readonly helpers: HelperSet;
  readonly vectorBindings: ReadonlySet<number>;
  /** Texts of the extents of m and n. */
  readonly m: ExtentText;
  readonly n: ExtentText;
  /** The leading extent, which only bounds the grid: m, or the batch where there is one. */
  readonly bound: number;
}

/** How an extent is written: as a literal, or as `bound`. */
export interface ExtentText {
  readonly isBound: boolean;
  readonly extent: string;
  /** The last place. */
  readonly last: string;
  /** Where the last four neighbours begin that start at a multiple of four. */
  readonly lastFour: string;
}

export const literalExtent = (extent: number): ExtentText => ({
  isBound: false,
  extent: String(extent),
  last: String(extent - 1),
  lastFour: String((Math.ceil(extent / 4) - 1) * 4),
});

export const boundExtent: ExtentText = {
  isBound: true,
  extent: 'bound',
  last: 'bound - 1',
  lastFour: '((bound - 1) >> 2u) * 4',
};

/** The operand at one k: statements to run first, then the value's text. */
export interface Step {
  readonly lines: readonly string[];
  readonly value: string;
}

export interface Panel {
  /** `count` values of k from `k` on; with direction `k`, `count` and `k` are multiples of 4. */
  steps(k: string, count: number): Step[];
  /** Statements that belong before the loop; call once, after all steps. */
  before(): string[];
}

export interface PanelPlace {
  readonly expr: Expr;
  readonly axis: typeof contractAxes.m | typeof contractAxes.n;
  /** i32 text of the place along the axis; a multiple of 4 at width 4. */
  readonly lane: string;
  readonly width: Width;
  readonly direction: Direction;
  /** Start of the names this panel declares. */
  readonly prefix: string;
}

const components = ['x', 'y', 'z', 'w'] as const;
const plus = (text: string, offset: number): string =>
  offset === 0 ? text : `${text} + ${offset}`;

function printerFor(
  module: ContractModule,
  place: PanelPlace,
  vectorAxis: number | undefined,
  suffix: string,
): ExprPrinter {
  const { bindings, helpers, vectorBindings, kernel } = module;
  const prefix = `${place.prefix}${suffix}t`;
  return new ExprPrinter(
    { bindings, helpers, vectorBindings, vectorAxis, extentOf: extentOf(kernel), prefix },
    [place.expr],
  );
}

/** One load per k, along the lane axis. */
function lanePanel(module: ContractModule, place: PanelPlace): Panel {
  const { expr, axis, lane, width } = place;
  const printer = printerFor(module, place, width === 4 ? axis : undefined, '');
  printer.open([
    [contractAxes.batch, 'batch'],
    [axis, lane],
  ]);
  const step = (k: string): Step => {
    printer.open([[contractAxes.k, k]]);
    const text = printer.at(expr, width);
    const name = printer.fresh();
    return { lines: [...printer.close(), `let ${name} = ${text};`], value: name };
  };
  return {
    steps: (k, count) =>
      Array.from({ length: count }, (_, i) => step(i === 0 ? k : `(${k} + ${i})`)),
    before: () => printer.close(),
  };
}

/** Loads of four values along k, for each of the `width` neighbours; then turned. */
function turnedPanel(module: ContractModule, place: PanelPlace): Panel {
  const { expr, axis, lane, width, prefix, direction } = place;
  const { k: kAxis, batch } = contractAxes;
  const { last } = axis === contractAxes.m ? module.m : module.n;
  const clamped: string[] = [];
  const printers = Array.from({ length: width }, (_, j) => {
    const printer = printerFor(module, place, kAxis, `${j}_`);
    const name = `${prefix}lane${j}`;
    clamped.push(`let ${name} = min(${plus(lane, j)}, ${last});`);
    printer.open([
      [batch, 'batch'],
      [axis, name],
    ]);
    return printer;
  });
  const block = (k: string): Step[] => {
    const lines: string[] = [];
    const names = printers.map((printer) => {
      printer.open([[kAxis, k]]);
      const text = printer.vector(expr);
      const name = printer.fresh();
      lines.push(...printer.close(), `let ${name} = ${text};`);
      return name;
    });
    const type = wgslType(expr.type, 4);
    return components.map((c, q) => ({
      lines: q === 0 ? lines : [],
      value:
        width === 1
          ? `${names[0] ?? ''}.${c}`
          : `${type}(${names.map((name) => `${name}.${c}`).join(', ')})`,
    }));
  };
  return {
    steps(k, count) {
      if (direction !== 'k' || count % 4 !== 0)
        throw new InternalError('A contraction loads k by fours or one by one, not both.');
      return Array.from({ length: count / 4 }, (_, i) =>
        block(i === 0 ? k : `(${k} + ${4 * i})`),
      ).flat();
    },
    before: () => [...clamped, ...printers.flatMap((printer) => printer.close())],
  };
}

export const createPanel = (module: ContractModule, place: PanelPlace): Panel =>
  place.direction === 'k' ? turnedPanel(module, place) : lanePanel(module, place);
