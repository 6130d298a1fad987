/**
 * Map kernels as WGSL. Where the last axis allows, an invocation computes four neighbours as vec4,
 * and several of those: on lavapipe that is three to four times faster than scalars.
 */
import { elementCount } from '../../graph/shape.js';
import { kernelExprs, type MapKernel } from '../../ir/kernel.js';
import { axisLines } from './wgsl-axes.js';
import { planBlocks } from './wgsl-block-plan.js';
import { ExprPrinter } from './wgsl-expr.js';
import { HelperSet } from './wgsl-helpers.js';
import { indented } from './wgsl-indent.js';
import { LaneAnalysis } from './wgsl-lanes.js';
import type { Width } from './wgsl-literal.js';
import { printBlockedMap } from './wgsl-map-blocked.js';
import {
  boundedModule,
  emptyModule,
  gridOf,
  type GpuCaps,
  type WgslModule,
} from './wgsl-module.js';
import { printStores, readsOf, vectorBindingsOf } from './wgsl-stores.js';
import { walk } from '../../ir/expr.js';

export const workgroupSize = 64;
/** Units (scalars or vec4s) per invocation once there are enough to keep the device busy. */
const unitsPerInvocation = 4;
const busyUnits = 64 * workgroupSize;

export interface MapPlan {
  readonly width: Width;
  readonly vectorAxis: number | undefined;
  readonly vectorBindings: ReadonlySet<number>;
  readonly units: number;
  readonly perInvocation: number;
}

export function planMap(kernel: MapKernel): MapPlan {
  const { shape, stores, bindings } = kernel;
  const roots = kernelExprs(kernel);
  const last = shape.length - 1;
  const count = elementCount(shape);
  let folds = false;
  walk(roots, (node) => (folds ||= node.kind === 'fold'));
  const per = (units: number): number => (folds || units < busyUnits ? 1 : unitsPerInvocation);
  const lanes = new LaneAnalysis(last, (axis) => shape[axis] ?? Infinity);
  const vectors = (shape[last] ?? 1) % 4 === 0 && stores.some(({ at }) => lanes.isAlignedRun(at));
  if (!vectors) {
    const none = new Set<number>();
    return {
      width: 1,
      vectorAxis: undefined,
      vectorBindings: none,
      units: count,
      perInvocation: per(count),
    };
  }
  const vectorBindings = vectorBindingsOf(bindings, [...readsOf(roots), ...stores], lanes);
  const units = count / 4;
  return { width: 4, vectorAxis: last, vectorBindings, units, perInvocation: per(units) };
}

/** Units of one workgroup. */
const unitsPerWorkgroup = ({ perInvocation }: MapPlan): number => workgroupSize * perInvocation;

/** Workgroups that cover all units. */
export const workgroupsOf = (plan: MapPlan): number =>
  Math.ceil(plan.units / unitsPerWorkgroup(plan));

/**
 * Statements that compute the points of one workgroup.
 *
 * @param group text of its number.
 * @param bound text of the number of units; null if no invocation is beyond it.
 */
export function pointLines(
  kernel: MapKernel,
  plan: MapPlan,
  helpers: HelperSet,
  group: string,
  bound: string | null,
): string[] {
  const { shape, stores, bindings } = kernel;
  const printer = new ExprPrinter(
    {
      bindings,
      helpers,
      vectorAxis: plan.vectorAxis,
      vectorBindings: plan.vectorBindings,
      extentOf: (axis) => shape[axis] ?? Infinity,
    },
    kernelExprs(kernel),
  );
  printer.open();
  const point = (unit: string, leave: string): string[] => {
    printer.open(shape.map((_, axis) => [axis, `i${axis}`]));
    printer.line(`let unit = ${unit};`);
    if (bound !== null) printer.line(`if (unit >= ${bound}) { ${leave}; }`);
    const axes = shape.map((extent, axis) => ({
      name: `i${axis}`,
      extent,
      step: axis === plan.vectorAxis ? (4 as const) : (1 as const),
      used: printer.usesAxis(axis),
    }));
    for (const line of axisLines(axes, 'unit')) printer.line(line);
    printStores(stores, plan.width, printer, bindings, plan.vectorBindings);
    return printer.close();
  };
  const loops = plan.perInvocation > 1;
  const first = `${group} * ${unitsPerWorkgroup(plan)} + i32(lid)`;
  const inner = point(
    loops ? `first + step * ${workgroupSize}` : first,
    loops ? 'break' : 'return',
  );
  if (loops) {
    printer.line(`let first = ${first};`);
    const steps = `var step = 0; step < ${plan.perInvocation}; step++`;
    printer.line(`for (${steps}) {\n${indented(inner)}}`);
  } else {
    for (const text of inner) printer.line(text);
  }
  return printer.close();
}

/** Prints a map kernel. A shape with no elements gives the empty module, which is not dispatched. */
export function printMap(kernel: MapKernel, caps: GpuCaps): WgslModule {
  const { label, shape, bindings } = kernel;
  if (elementCount(shape) === 0) return emptyModule;
  const blocks = planBlocks(kernel);
  if (blocks !== undefined) return printBlockedMap(kernel, blocks, caps);
  const plan = planMap(kernel);
  const { vectorBindings } = plan;
  const helpers = new HelperSet();
  const grid = gridOf(workgroupsOf(plan), caps);
  const covered = grid.workgroupCount[0] * grid.workgroupCount[1] * unitsPerWorkgroup(plan);
  // In a loop the test costs 3 % on llvmpipe; elsewhere a text for every size is worth more.
  const isExact = plan.perInvocation > 1 && covered === plan.units;
  const body = pointLines(kernel, plan, helpers, grid.flat, isExact ? null : 'bound');
  const parts = { label, bindings, vectorBindings, helpers, workgroupSize, body };
  return boundedModule(parts, grid, plan.units);
}
