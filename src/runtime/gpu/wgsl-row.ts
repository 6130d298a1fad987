/** The body of a reduce kernel: stages, element stores and row stores of one row (or four). */
import { elementCount } from '../../graph/shape.js';
import { kernelExprs, type ReduceKernel, type Stage } from '../../ir/kernel.js';
import { axisLines } from './wgsl-axes.js';
import { ExprPrinter } from './wgsl-expr.js';
import type { HelperSet } from './wgsl-helpers.js';
import { indented } from './wgsl-indent.js';
import { wgslScalar, wgslType, type Width } from './wgsl-literal.js';
import { combineText, identityText } from './wgsl-operators.js';
import type { ReducePlan } from './wgsl-reduce-plan.js';
import { preparedStores, printStores, readsOf } from './wgsl-stores.js';

export interface RowBody {
  readonly body: readonly string[];
  readonly declarations: readonly string[];
}

export function printRowBody(kernel: ReduceKernel, plan: ReducePlan, helpers: HelperSet): RowBody {
  return new RowPrinter(kernel, plan, helpers).print();
}

class RowPrinter {
  private readonly printer: ExprPrinter;
  private readonly declarations: string[] = [];
  /** Width of values inside the loops. */
  private readonly width: Width;
  /** Width of values of a row. */
  private readonly rowWidth: Width;

  constructor(
    private readonly kernel: ReduceKernel,
    private readonly plan: ReducePlan,
    private readonly helpers: HelperSet,
  ) {
    this.width = plan.vectorAxis === undefined ? 1 : 4;
    this.rowWidth = plan.rowsTogether;
    const extents = [...kernel.shape, ...kernel.inner];
    this.printer = new ExprPrinter(
      {
        bindings: kernel.bindings,
        helpers,
        vectorAxis: plan.vectorAxis,
        vectorBindings: plan.vectorBindings,
        extentOf: (axis) => extents[axis] ?? Infinity,
        resolve: (node) => ({
          text: node.kind === 'stage' ? `s${node.stage}` : 'acc',
          width: plan.rowsTogether,
        }),
      },
      kernelExprs(kernel),
    );
  }

  print(): RowBody {
    const { kernel, printer, plan } = this;
    const { shape } = kernel;
    printer.open(shape.map((_, axis) => [axis, `i${axis}`]));
    for (const line of axisLines(this.axes(0, shape), 'row')) printer.line(line);
    for (const [i, stage] of kernel.stages.entries()) this.stage(stage, i);
    const rowLines = this.stores(kernel.rowStores);
    if (kernel.elementStores.length > 0) this.elements();
    if (plan.strategy === 'invocation') {
      for (const line of rowLines) printer.line(line);
    } else if (rowLines.length > 0) {
      if (this.rowStoresMeetReads()) printer.line('workgroupBarrier();');
      printer.line(`if (lid == 0u) {\n${indented(rowLines)}}`);
    }
    return { body: printer.close(), declarations: this.declarations };
  }

  private stores(stores: ReduceKernel['rowStores']): string[] {
    const { printer, kernel, plan, rowWidth } = this;
    return preparedStores(stores, rowWidth, printer, kernel.bindings, plan.vectorBindings);
  }

  /** Whether one invocation's row store could reach what another still reads. */
  private rowStoresMeetReads(): boolean {
    const read = new Set(readsOf(kernelExprs(this.kernel)).map(({ binding }) => binding));
    return this.kernel.rowStores.some(({ binding }) => read.has(binding));
  }

  private axes(first: number, extents: readonly number[]): Parameters<typeof axisLines>[0] {
    return extents.map((extent, i) => ({
      name: `i${first + i}`,
      extent,
      step: first + i === this.plan.vectorAxis ? (4 as const) : (1 as const),
      used: this.printer.usesAxis(first + i),
    }));
  }

  /** Runs `point` at every point of the inner axes; hoisted statements land before the loop. */
  private loop(point: () => void): void {
    if (this.plan.strategy === 'workgroup') this.sharedLoop(point);
    else this.nestedLoop(0, point);
  }

  private nestedLoop(depth: number, point: () => void): void {
    const { kernel, printer } = this;
    const extent = kernel.inner[depth];
    if (extent === undefined) {
      point();
      return;
    }
    const axis = kernel.shape.length + depth;
    const step = axis === this.plan.vectorAxis ? 4 : 1;
    printer.open([[axis, `i${axis}`]]);
    this.nestedLoop(depth + 1, point);
    const body = printer.close();
    const advance = step === 1 ? `i${axis}++` : `i${axis} += ${step}`;
    printer.line(`for (var i${axis} = 0; i${axis} < ${extent}; ${advance}) {\n${indented(body)}}`);
  }

  private sharedLoop(point: () => void): void {
    const { kernel, printer, plan, width } = this;
    const first = kernel.shape.length;
    const units = elementCount(kernel.inner) / width;
    printer.open(kernel.inner.map((_, i) => [first + i, `i${first + i}`]));
    for (const line of axisLines(this.axes(first, kernel.inner), 'at')) printer.line(line);
    point();
    const body = printer.close();
    printer.line(
      `for (var at = i32(lid); at < ${units}; at += ${plan.workgroupSize}) {\n${indented(body)}}`,
    );
  }

  private combine(stage: Stage, a: string, b: string, width: Width): string {
    return combineText(stage.combine, stage.type, a, b, width, this.helpers);
  }

  private stage(stage: Stage, i: number): void {
    const { printer, width, plan } = this;
    const total = `p${i}`;
    const start = identityText(stage.combine, stage.type, width, this.helpers);
    printer.line(`var ${total} = ${start};`);
    this.loop(() => {
      const value = printer.named(stage.value, width);
      printer.line(`${total} = ${this.combine(stage, total, value, width)};`);
    });
    const across = width === 4 && plan.rowsTogether === 1;
    const pair = (a: string, b: string): string =>
      this.combine(stage, `${total}.${a}`, `${total}.${b}`, 1);
    if (across) printer.line(`let ${total}a = ${pair('x', 'y')};`);
    if (across) printer.line(`let ${total}b = ${pair('z', 'w')};`);
    const mine = across ? this.combine(stage, `${total}a`, `${total}b`, 1) : total;
    if (plan.strategy === 'invocation') printer.line(`let s${i} = ${mine};`);
    else this.meet(stage, i, mine);
  }

  /** A tree over the workgroup's partial results; every invocation learns the outcome. */
  private meet(stage: Stage, i: number, mine: string): void {
    const { printer, plan } = this;
    const shared = `shared_${wgslScalar(stage.type)}`;
    const declaration = `var<workgroup> ${shared}: array<${wgslType(stage.type)}, ${plan.workgroupSize}>;`;
    if (this.declarations.includes(declaration)) printer.line('workgroupBarrier();');
    else this.declarations.push(declaration);
    const joined = this.combine(stage, `${shared}[lid]`, `${shared}[lid + half]`, 1);
    printer.line(`${shared}[lid] = ${mine};`);
    printer.line('workgroupBarrier();');
    printer.line(
      `for (var half = ${plan.workgroupSize / 2}u; half > 0u; half >>= 1u) {\n` +
        `  if (lid < half) { ${shared}[lid] = ${joined}; }\n  workgroupBarrier();\n}`,
    );
    printer.line(`let s${i} = ${shared}[0];`);
  }

  private elements(): void {
    const { printer, kernel, plan, width } = this;
    this.loop(() => {
      printStores(kernel.elementStores, width, printer, kernel.bindings, plan.vectorBindings);
    });
  }
}
