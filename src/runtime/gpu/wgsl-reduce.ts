/**
 * Reduce kernels as WGSL. Many rows or short ones: an invocation per row. Few long rows: a
 * workgroup per row, whose partial results meet in workgroup memory. Four neighbours of the reduced
 * axis, or four rows, are computed as vec4 where memory is contiguous along them.
 */
import { elementCount } from '../../graph/shape.js';
import type { ReduceKernel } from '../../ir/kernel.js';
import { HelperSet } from './wgsl-helpers.js';
import {
  boundedModule,
  emptyModule,
  gridOf,
  type GpuCaps,
  type ModuleParts,
  type WgslModule,
} from './wgsl-module.js';
import { planReduce } from './wgsl-reduce-plan.js';
import { printRowBody } from './wgsl-row.js';

/** Prints a reduce kernel. No rows give the empty module; empty rows give the combiners' identity. */
export function printReduce(kernel: ReduceKernel, caps: GpuCaps): WgslModule {
  const rows = elementCount(kernel.shape);
  if (rows === 0) return emptyModule;
  const plan = planReduce(kernel, caps);
  const helpers = new HelperSet();
  const units = rows / plan.rowsTogether;
  const perWorkgroup = plan.strategy === 'workgroup' ? 1 : plan.workgroupSize;
  const grid = gridOf(Math.ceil(units / perWorkgroup), caps);
  const covered = grid.workgroupCount[0] * grid.workgroupCount[1];
  // One row per workgroup, and no workgroup without one.
  const isExact = plan.strategy === 'workgroup' && covered === units;
  const { body, declarations } = printRowBody(kernel, plan, helpers);
  const flat =
    plan.strategy === 'workgroup' ? grid.flat : `${grid.flat} * ${perWorkgroup} + i32(lid)`;
  const parts: ModuleParts = {
    label: kernel.label,
    bindings: kernel.bindings,
    vectorBindings: plan.vectorBindings,
    helpers,
    declarations,
    workgroupSize: plan.workgroupSize,
    body: [`let row = ${flat};`, ...(isExact ? [] : ['if (row >= bound) { return; }']), ...body],
  };
  return boundedModule(parts, grid, units);
}
