/**
 * Contractions for GPUs with fast workgroup memory: a workgroup computes a square tile, each
 * invocation 4 x 4 of it. Every invocation loads one 4 x 4 block of an operand per trip. Where the
 * output is small, `slices` groups of invocations sum parts of k and are added at the end.
 */
import { contractAxes } from '../../ir/kernel.js';
import { createPanel, type ContractModule } from './wgsl-contract-operand.js';
import { directionOf, type TiledPlan } from './wgsl-contract-plan.js';
import { printFinish } from './wgsl-contract-store.js';
import { indented } from './wgsl-indent.js';
import { wgslType } from './wgsl-literal.js';
import { boundedModule, gridOf, isFolded, type GpuCaps, type WgslModule } from './wgsl-module.js';

interface Geometry {
  /** 4 x 4 blocks along one side of the tile. */
  readonly side: number;
  /** Values of k per trip: half the tile, so that both operands are one block per invocation. */
  readonly depth: number;
  /** Invocations per slice. */
  readonly size: number;
  /** vec4s of workgroup memory per slice; `b` has the second half. */
  readonly area: number;
  readonly trips: number;
  readonly across: number;
  readonly down: number;
}

function geometryOf(module: ContractModule, { tile, slices }: TiledPlan): Geometry {
  const { m, n, k } = module.kernel;
  const side = tile / 4;
  const depth = tile / 2;
  return {
    side,
    depth,
    size: side * side,
    area: 2 * depth * side,
    trips: Math.ceil(Math.ceil(k / slices) / depth),
    across: Math.ceil(n / tile),
    down: Math.ceil(m / tile),
  };
}

/** Loads block `block` of an operand, and keeps it as four vec4 along the lane axis. */
function printLoad(
  module: ContractModule,
  plan: TiledPlan,
  which: 'a' | 'b',
): { before: string[]; lines: string[] } {
  const { kernel } = module;
  const { side, depth, trips, area } = geometryOf(module, plan);
  const axis = which === 'a' ? contractAxes.m : contractAxes.n;
  const { lastFour } = which === 'a' ? module.m : module.n;
  const expr = kernel[which];
  const direction = directionOf(kernel, expr, axis);
  const deep = depth / 4;
  // Neighbouring invocations take neighbouring blocks of memory.
  const laneBlock = direction === 'k' ? `block / ${deep}` : `block % ${side}`;
  const kBlock = direction === 'k' ? `block % ${deep}` : `block / ${side}`;
  const lane = `${which}_lane`;
  const panel = createPanel(module, { expr, axis, lane, width: 4, direction, prefix: `${which}_` });
  const partial = kernel.k % (plan.slices * depth) !== 0;
  const lastLoad = Math.max(0, kernel.k - 4);
  const type = wgslType(kernel.type, 4);
  const lines = [`let k_block = ${kBlock} * 4;`, 'let k_here = k_base + k_block;'];
  const offset = which === 'a' ? 0 : area / 2;
  const keep = (value: string, q: number): string => {
    const guarded = partial ? `select(${type}(), ${value}, k_here + ${q} < ${kernel.k})` : value;
    return `tiles[slice_base + ${offset} + (k_block + ${q}) * ${side} + ${laneBlock}] = ${guarded};`;
  };
  if (direction === 'k') {
    lines.push(`let k_load = ${partial ? `min(k_here, ${lastLoad})` : 'k_here'};`);
    panel.steps('k_load', 4).forEach((step, q) => lines.push(...step.lines, keep(step.value, q)));
  } else {
    for (let q = 0; q < 4; q++) {
      lines.push(
        `let k_${q} = ${partial ? `min(k_here + ${q}, ${kernel.k - 1})` : `k_here + ${q}`};`,
      );
      for (const step of panel.steps(`k_${q}`, 1)) lines.push(...step.lines, keep(step.value, q));
    }
  }
  const corner = which === 'a' ? 'row_tile' : 'col_tile';
  const before =
    trips === 0 ? [] : [`let ${lane} = min(${corner} + ${laneBlock} * 4, ${lastFour});`];
  return { before: [...before, ...panel.before()], lines };
}

/** One trip over k: load, wait, multiply, wait. */
function printTrips(module: ContractModule, plan: TiledPlan): string[] {
  const { side, depth, size, area, trips } = geometryOf(module, plan);
  const { type } = module.kernel;
  if (trips === 0) return [];
  const a = printLoad(module, plan, 'a');
  const b = printLoad(module, plan, 'b');
  const wide = wgslType(type, 4);
  const multiply = [0, 1, 2, 3].map((r) =>
    type === 'f32'
      ? `acc_${r} = fma(${wide}(a[${r}]), b, acc_${r});`
      : `acc_${r} = acc_${r} + ${wide}(a[${r}]) * b;`,
  );
  const inner = [
    `let a = tiles[slice_base + kk * ${side} + ty];`,
    `let b = tiles[slice_base + ${area / 2} + kk * ${side} + tx];`,
    ...multiply,
  ];
  const trip = [
    `let k_base = (slice * ${trips} + trip) * ${depth};`,
    `if (place < ${size / 2}) {\n${indented(a.lines)}} else {\n${indented(b.lines)}}`,
    'workgroupBarrier();',
    `for (var kk = 0; kk < ${depth}; kk++) {\n${indented(inner)}}`,
    'workgroupBarrier();',
  ];
  return [
    `let block = place % ${size / 2};`,
    ...a.before,
    ...b.before,
    `for (var trip = 0; trip < ${trips}; trip++) {\n${indented(trip)}}`,
  ];
}

/** Stores the invocation's rows; with slices, the sums of all of them, shared out by row. */
function printFinishes(module: ContractModule, plan: TiledPlan): string[] {
  const { m, n } = module;
  const { area } = geometryOf(module, plan);
  const finish = (r: number, acc: string): string =>
    `if (row0 + ${r} < ${m.extent} && col < ${n.extent}) { finish(batch, row0 + ${r}, col, ${acc}); }`;
  const rows = [0, 1, 2, 3];
  if (plan.slices === 1) return rows.map((r) => finish(r, `acc_${r}`));
  const parts = (r: number): string =>
    Array.from({ length: plan.slices }, (_, s) => `tiles[${s * area} + place * 4 + ${r}]`).join(
      ' + ',
    );
  return [
    ...rows.map((r) => `tiles[slice_base + place * 4 + ${r}] = acc_${r};`),
    'workgroupBarrier();',
    ...rows.map(
      (r) =>
        `if (slice == ${r % plan.slices}) {\n  let sum = ${parts(r)};\n  ${finish(r, 'sum')}\n}`,
    ),
  ];
}

export function printTiled(module: ContractModule, plan: TiledPlan, caps: GpuCaps): WgslModule {
  const { kernel, bindings, helpers, vectorBindings } = module;
  const { side, size, area, across, down } = geometryOf(module, plan);
  const total = kernel.batch * across * down;
  const grid = gridOf(total, caps);
  const wide = wgslType(kernel.type, 4);
  const body = [
    `let group = ${grid.flat};`,
    `let slice = i32(lid) / ${size};`,
    `let slice_base = slice * ${area};`,
    `let place = i32(lid) % ${size};`,
    `let tx = place % ${side};`,
    `let ty = place / ${side};`,
    `let batch = ${kernel.batch === 1 ? '0' : `group / ${across * down}`};`,
    `let row_tile = group / ${across}${kernel.batch === 1 ? '' : ` % ${down}`} * ${plan.tile};`,
    `let col_tile = group % ${across} * ${plan.tile};`,
    ...(isFolded(grid)
      ? [`if (${kernel.batch === 1 ? 'row_tile' : 'batch'} >= bound) { return; }`]
      : []),
    'let row0 = row_tile + ty * 4;',
    'let col = col_tile + tx * 4;',
    ...[0, 1, 2, 3].map((r) => `var acc_${r} = ${wide}();`),
    ...printTrips(module, plan),
    ...printFinishes(module, plan),
  ];
  const parts = {
    label: kernel.label,
    bindings,
    vectorBindings,
    helpers,
    declarations: [
      `var<workgroup> tiles: array<${wide}, ${plan.slices * area}>;`,
      printFinish(module, 4),
    ],
    workgroupSize: size * plan.slices,
    body,
  };
  return boundedModule(parts, grid, module.bound);
}
