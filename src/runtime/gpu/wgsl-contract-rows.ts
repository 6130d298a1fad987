/**
 * Contractions without workgroup memory: an invocation computes `rows` x `width` outputs, its
 * neighbours continue along n. Elements of `a` are loaded by every invocation (`blocked`), or once
 * per subgroup and broadcast (`subgroup`): on an adapter whose loads are gathers, loads per
 * multiply-add decide.
 */
import { contractAxes } from '../../ir/kernel.js';
import { createPanel, type ContractModule, type Panel } from './wgsl-contract-operand.js';
import { directionOf, type RowsPlan } from './wgsl-contract-plan.js';
import { printFinish } from './wgsl-contract-store.js';
import { indented } from './wgsl-indent.js';
import { wgslType } from './wgsl-literal.js';
import {
  boundedModule,
  gridOf,
  isFolded,
  type Grid,
  type GpuCaps,
  type WgslModule,
} from './wgsl-module.js';

/** Elements of `a` for one trip: statements, and the text of element (row, step). */
interface Chunk {
  readonly lines: readonly string[];
  value(row: number, step: number): string;
}

interface RowSource {
  chunk(k: string, count: number): Chunk;
  before(): string[];
}

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

/** Each invocation loads its rows' elements itself. */
function ownRows(module: ContractModule, plan: RowsPlan): RowSource {
  const { kernel } = module;
  const { m } = contractAxes;
  const wanted = plan.steps % 4 === 0 ? directionOf(kernel, kernel.a, m) : 'lane';
  const panels = range(plan.rows).map((r) =>
    createPanel(module, {
      expr: kernel.a,
      axis: m,
      lane: `row_${r}`,
      width: 1,
      direction: wanted,
      prefix: `a${r}_`,
    }),
  );
  return {
    chunk(k, count) {
      const steps = panels.map((panel) => panel.steps(k, count));
      return {
        lines: steps.flat().flatMap((step) => step.lines),
        value: (row, step) => steps[row]?.[step]?.value ?? '',
      };
    },
    before: () => [
      ...range(plan.rows).map((r) => `let row_${r} = min(row0 + ${r}, ${module.m.last});`),
      ...panels.flatMap((panel) => panel.before()),
    ],
  };
}

/** Lane l loads step l % steps of row l / steps of each group of rows; then all share. */
function sharedRows(module: ContractModule, plan: RowsPlan): RowSource {
  const { kernel } = module;
  const { steps, lanes, rows } = plan;
  const perGather = Math.max(1, lanes / steps);
  const gathers = range(Math.ceil(rows / perGather));
  const panels = gathers.map((g) =>
    createPanel(module, {
      expr: kernel.a,
      axis: contractAxes.m,
      lane: `row_${g}`,
      width: 1,
      direction: 'lane',
      prefix: `a${g}_`,
    }),
  );
  const laneRow = perGather === 1 ? '' : ` + lane / ${steps}`;
  return {
    chunk(k, count) {
      const at = count < steps ? `min(${k} + lane_k, ${kernel.k - 1})` : `${k} + lane_k`;
      const name = count < steps ? 'k_tail' : 'k_lane';
      const loads = panels.map((panel) => panel.steps(name, 1)[0] ?? { lines: [], value: '' });
      return {
        lines: [`let ${name} = ${at};`, ...loads.flatMap((load) => load.lines)],
        value(row, step) {
          const source = loads[Math.floor(row / perGather)]?.value ?? '';
          return `subgroupBroadcast(${source}, ${(row % perGather) * steps + step}u)`;
        },
      };
    },
    before: () => [
      `let lane_k = lane % ${steps};`,
      ...gathers.map(
        (g) => `let row_${g} = min(row0 + ${g * perGather}${laneRow}, ${module.m.last});`,
      ),
      ...panels.flatMap((panel) => panel.before()),
    ],
  };
}

/** Adds `count` values of k from `k` on to the accumulators. */
function printTrip(
  module: ContractModule,
  plan: RowsPlan,
  rows: RowSource,
  columns: Panel,
  k: string,
  count: number,
): string[] {
  const { type } = module.kernel;
  const wide = wgslType(type, plan.width);
  const chunk = rows.chunk(k, count);
  const lines = [...chunk.lines];
  columns.steps(k, count).forEach((step, q) => {
    lines.push(...step.lines, `let b_${q} = ${step.value};`);
    for (const r of range(plan.rows)) {
      const a = `${wide}(${chunk.value(r, q)})`;
      lines.push(
        type === 'f32'
          ? `acc_${r} = fma(${a}, b_${q}, acc_${r});`
          : `acc_${r} = acc_${r} + ${a} * b_${q};`,
      );
    }
  });
  return lines;
}

/** Trips up to which a software adapter's compiler unrolls a loop whose end it knows. */
const mostUnrolled = 64;

/**
 * The end of the loop over k. Mesa unrolls short loops whole, and on llvmpipe every load is as many
 * instructions as there are lanes: 64 steps took 1.2 to 3.7 s to compile, 0.25 s if the end is
 * hidden from it, at the same speed. It hides behind the upper half of a workgroup number.
 */
function loopEnd(whole: number, steps: number, caps: GpuCaps): string {
  const unrolls = whole > steps && whole <= mostUnrolled * steps;
  const isZero = caps.maxWorkgroupsPerDimension < 2 ** 16;
  return caps.isSoftware && unrolls && isZero ? `${whole} - i32(wid.x >> 16u)` : String(whole);
}

/** The sum over k: a loop over whole trips, then what is left. */
function printSum(module: ContractModule, plan: RowsPlan, caps: GpuCaps): string[] {
  const { kernel } = module;
  const { steps, width, rows } = plan;
  const turned = width === 4 && steps % 4 === 0;
  const columns = createPanel(module, {
    expr: kernel.b,
    axis: contractAxes.n,
    lane: 'col0',
    width,
    direction: turned ? directionOf(kernel, kernel.b, contractAxes.n) : 'lane',
    prefix: 'b_',
  });
  const source = plan.kind === 'subgroup' ? sharedRows(module, plan) : ownRows(module, plan);
  const whole = kernel.k - (kernel.k % steps);
  const body: string[] = [];
  if (whole > 0) {
    const trip = printTrip(module, plan, source, columns, 'k0', steps);
    body.push(
      `for (var k0 = 0; k0 < ${loopEnd(whole, steps, caps)}; k0 += ${steps}) {\n${indented(trip)}}`,
    );
  }
  if (whole < kernel.k) {
    const trip = printTrip(module, plan, source, columns, String(whole), kernel.k - whole);
    body.push(`{\n${indented(trip)}}`);
  }
  const accumulators = range(rows).map((r) => `var acc_${r} = ${wgslType(kernel.type, width)}();`);
  return [...source.before(), ...columns.before(), ...accumulators, ...body];
}

/** Places of this invocation, from the number of its workgroup. */
function printPlace(module: ContractModule, plan: RowsPlan, grid: Grid): string[] {
  const { batch, m, n } = module.kernel;
  const { lanes, laneRows, rows, width } = plan;
  const across = Math.ceil(n / (lanes * width));
  const down = Math.ceil(m / (rows * laneRows));
  const lane = plan.kind === 'subgroup' ? 'i32(sid)' : `i32(lid) % ${lanes}`;
  const rowBlock = laneRows === 1 ? '' : ` * ${laneRows} + i32(lid) / ${lanes}`;
  const lastColumn = width === 4 ? module.n.lastFour : module.n.last;
  // The axis whose extent is no literal varies slowest, so that nothing is divided by it.
  const [rowGroup, columnGroup] = module.n.isBound
    ? [`group % ${down}`, `group / ${down}`]
    : [`group / ${across}${batch === 1 ? '' : ` % ${down}`}`, `group % ${across}`];
  return [
    `let group = ${grid.flat};`,
    `let lane = ${lane};`,
    `let batch = ${batch === 1 ? '0' : `group / ${across * down}`};`,
    ...(batch > 1 && isFolded(grid) ? ['if (batch >= bound) { return; }'] : []),
    `let row0 = (${rowGroup}${rowBlock}) * ${rows};`,
    `let col = (${columnGroup} * ${lanes} + lane) * ${width};`,
    `let col0 = min(col, ${lastColumn});`,
  ];
}

/**
 * Stores the rows. Where an epilogue is long and there are many, a loop over a copy of the sums
 * that the driver's compiler does not unroll: it halves compile time on llvmpipe.
 */
function printFinishes(
  { kernel, m }: ContractModule,
  { rows, width, laneRows }: RowsPlan,
): string[] {
  if (width === 4 && rows > 4) {
    const sums = range(rows)
      .map((r) => `acc_${r}`)
      .join(', ');
    return [
      `var sums = array<${wgslType(kernel.type, width)}, ${rows}>(${sums});`,
      `for (var r = 0; r < ${rows} && row0 + r < ${m.extent}; r++) {`,
      '  finish(batch, row0 + r, col, sums[r]);',
      '}',
    ];
  }
  const isExact = !m.isBound && kernel.m % (rows * laneRows) === 0;
  return range(rows).map((r) => {
    const call = `finish(batch, row0 + ${r}, col, acc_${r});`;
    return isExact ? call : `if (row0 + ${r} < ${m.extent}) { ${call} }`;
  });
}

export function printRows(module: ContractModule, plan: RowsPlan, caps: GpuCaps): WgslModule {
  const { kernel, bindings, helpers, vectorBindings } = module;
  const { lanes, laneRows, rows, width } = plan;
  const total =
    kernel.batch * Math.ceil(kernel.m / (rows * laneRows)) * Math.ceil(kernel.n / (lanes * width));
  const grid = gridOf(total, caps);
  const body = [
    ...printPlace(module, plan, grid),
    ...printSum(module, plan, caps),
    `if (col < ${module.n.extent}) {\n${indented(printFinishes(module, plan))}}`,
  ];
  const shared = plan.kind === 'subgroup';
  const parts = {
    label: kernel.label,
    bindings,
    vectorBindings,
    helpers,
    directives: shared ? ['enable subgroups;'] : [],
    declarations: [printFinish(module, width)],
    workgroupSize: lanes * laneRows,
    parameters: shared ? ['@builtin(subgroup_invocation_id) sid: u32'] : [],
    body,
  };
  return boundedModule(parts, grid, module.bound);
}
