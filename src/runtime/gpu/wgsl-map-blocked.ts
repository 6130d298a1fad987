/**
 * Map kernels that transpose, as WGSL: each invocation loads four vectors along one axis, turns
 * them, and stores four along the other; a workgroup's blocks form a square. No workgroup memory:
 * on llvmpipe tiles there take three times as long as these blocks, and on hardware the vectors of
 * neighbouring invocations lie side by side both ways.
 */
import type { MapKernel } from '../../ir/kernel.js';
import { axisLines } from './wgsl-axes.js';
import { blockSize, type BlockPlan } from './wgsl-block-plan.js';
import { ExprPrinter, type PrinterOptions } from './wgsl-expr.js';
import { HelperSet } from './wgsl-helpers.js';
import { indented } from './wgsl-indent.js';
import { wgslType } from './wgsl-literal.js';
import { boundedModule, gridOf, isFolded, type GpuCaps, type WgslModule } from './wgsl-module.js';
import { printStores } from './wgsl-stores.js';

const components = ['x', 'y', 'z', 'w'] as const;
const plus = (text: string, offset: number): string =>
  offset === 0 ? text : `${text} + ${offset}`;

class BlockedMap {
  readonly helpers = new HelperSet();
  readonly #options: PrinterOptions;
  readonly #rows: number;
  readonly #columns: number;

  constructor(
    readonly kernel: MapKernel,
    readonly plan: BlockPlan,
  ) {
    const { shape, bindings } = kernel;
    const { vectorBindings, rowAxis, columnAxis } = plan;
    const extentOf = (axis: number): number => shape[axis] ?? Infinity;
    this.#options = { bindings, helpers: this.helpers, vectorBindings, extentOf };
    [this.#rows, this.#columns] = [extentOf(rowAxis), extentOf(columnAxis)];
  }

  /** Extents of the grid of tiles, a workgroup each. */
  tiles(): number[] {
    const { rowAxis, columnAxis, rowBlocks, columnBlocks } = this.plan;
    return this.kernel.shape.map((extent, axis) => {
      if (axis === rowAxis) return Math.ceil(extent / (rowBlocks * blockSize));
      return axis === columnAxis ? Math.ceil(extent / (columnBlocks * blockSize)) : extent;
    });
  }

  /** Statements of one invocation, its workgroup's number being `group`. */
  body(): string[] {
    const { rowAxis, columnAxis } = this.plan;
    const rows = Array.from({ length: blockSize }, (_, j) => this.row(j));
    const axes = this.tiles().map((extent, axis) => ({
      name: axis === rowAxis ? 'rowTile' : axis === columnAxis ? 'columnTile' : `i${axis}`,
      extent,
      step: 1 as const,
      used: true,
    }));
    return [...axisLines(axes, 'group'), ...this.corner(), ...this.loads(), ...rows];
  }

  /** The block's first row and column. */
  private corner(): string[] {
    const { rowBlocks, columnBlocks, columnAxis } = this.plan;
    const [tileRows, tileColumns] = [rowBlocks * blockSize, columnBlocks * blockSize];
    const column = `i${columnAxis}`;
    const [shift, mask] = [Math.log2(columnBlocks), columnBlocks - 1];
    const lines = [
      `let row = rowTile * ${tileRows} + i32(lid >> ${shift}u) * ${blockSize};`,
      `let ${column} = columnTile * ${tileColumns} + i32(lid & ${mask}u) * ${blockSize};`,
    ];
    if (this.#rows % tileRows !== 0) lines.push(`if (row >= ${this.#rows}) { return; }`);
    if (this.#columns % tileColumns !== 0)
      lines.push(`if (${column} >= ${this.#columns}) { return; }`);
    return lines;
  }

  /** Vectors along the rows' axis; beyond the last row they hold what nothing stores. */
  private loads(): string[] {
    const { turned, rowAxis, columnAxis } = this.plan;
    return components.flatMap((_, q) => {
      const options = { ...this.#options, vectorAxis: rowAxis, prefix: `c${q}_` };
      const printer = new ExprPrinter(options, turned);
      const axes = this.kernel.shape.map((_, axis) => [axis, `i${axis}`] as const);
      const here = new Map([...axes, [rowAxis, 'row'], [columnAxis, `column${q}`]]);
      printer.open(here);
      printer.line(`let column${q} = ${plus(`i${columnAxis}`, q)};`);
      for (const [i, read] of turned.entries()) {
        const text = printer.vector(read);
        printer.line(`let load${i}_${q} = ${text};`);
      }
      return printer.close();
    });
  }

  /** Computes and stores the points of row `j` of the block. */
  private row(j: number): string {
    const { turned, stores, rowAxis, columnAxis, vectorBindings } = this.plan;
    const { shape, bindings } = this.kernel;
    const printer = new ExprPrinter(
      {
        ...this.#options,
        vectorAxis: columnAxis,
        resolve: (node) => ({ text: node.kind === 'stage' ? `turned${node.stage}` : '', width: 4 }),
      },
      stores.flatMap(({ at, value }) => [at, value]),
    );
    printer.open(shape.map((_, axis) => [axis, `i${axis}`]));
    printer.line(`let i${rowAxis} = ${plus('row', j)};`);
    for (const [i, { type }] of turned.entries()) {
      const lanes = components.map((_, q) => `load${i}_${q}.${components[j] ?? ''}`);
      printer.line(`let turned${i} = ${wgslType(type, 4)}(${lanes.join(', ')});`);
    }
    const isWhole = this.#columns % blockSize === 0;
    const end = isWhole ? undefined : { index: `i${columnAxis}`, extent: this.#columns };
    printStores(stores, 4, printer, bindings, vectorBindings, end);
    const sure = j === 0 || this.#rows % blockSize === 0;
    const guard = sure ? '' : `if (${plus('row', j)} < ${this.#rows}) `;
    return `${guard}{\n${indented(printer.close())}}`;
  }
}

/** Prints a map kernel in blocks. */
export function printBlockedMap(kernel: MapKernel, plan: BlockPlan, caps: GpuCaps): WgslModule {
  const map = new BlockedMap(kernel, plan);
  const total = map.tiles().reduce((product, extent) => product * extent, 1);
  const grid = gridOf(total, caps);
  const body = [
    `let group = ${grid.flat};`,
    ...(isFolded(grid) ? ['if (group >= bound) { return; }'] : []),
    ...map.body(),
  ];
  const { label, bindings } = kernel;
  const { vectorBindings } = plan;
  const workgroupSize = plan.rowBlocks * plan.columnBlocks;
  const parts = { label, bindings, vectorBindings, helpers: map.helpers, workgroupSize, body };
  return boundedModule(parts, grid, total);
}
