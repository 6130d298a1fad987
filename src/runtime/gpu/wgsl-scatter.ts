/**
 * The updates of scatter kernels as WGSL: an invocation for each, which joins its element with an
 * atomic operation. There are none on floats: their bits are exchanged until no other invocation
 * came between, so the order in which floats are combined is not determined.
 */
import { elementCount } from '../../graph/shape.js';
import type { ScatterKernel } from '../../ir/kernel.js';
import { axisLines } from './wgsl-axes.js';
import { ExprPrinter } from './wgsl-expr.js';
import { HelperSet } from './wgsl-helpers.js';
import {
  assembleModule,
  emptyModule,
  gridOf,
  type GpuCaps,
  type WgslModule,
} from './wgsl-module.js';
import { combineText, unaryText } from './wgsl-operators.js';

const workgroupSize = 64;

/** WGSL functions that do a whole update of an integer. */
const atomics = { sum: 'atomicAdd', max: 'atomicMax', min: 'atomicMin', prod: null } as const;

/** Prints the updates of a scatter kernel. */
export function printScatter(kernel: ScatterKernel, caps: GpuCaps): WgslModule {
  const { shape, bindings, initial } = kernel;
  const units = elementCount(shape);
  if (units === 0) return emptyModule;
  const helpers = new HelperSet();
  const printer = new ExprPrinter(
    { bindings, helpers, vectorAxis: undefined, extentOf: (axis) => shape[axis] ?? Infinity },
    [kernel.at, kernel.value],
  );
  const grid = gridOf(Math.ceil(units / workgroupSize), caps);
  const covered = grid.workgroupCount[0] * grid.workgroupCount[1] * workgroupSize;
  printer.open(shape.map((_, axis) => [axis, `i${axis}`]));
  printer.line(`let unit = ${grid.flat} * ${workgroupSize} + i32(lid);`);
  if (covered !== units) printer.line(`if (unit >= ${units}) { return; }`);
  const axes = shape.map((extent, axis) => ({
    name: `i${axis}`,
    extent,
    step: 1 as const,
    used: printer.usesAxis(axis),
  }));
  for (const line of axisLines(axes, 'unit')) printer.line(line);
  const length = bindings[initial.binding]?.length ?? 0;
  printer.line(`let at = ${printer.scalar(kernel.at)};`);
  printer.line(`if (at < 0 || at >= ${length}) { return; }`);
  printer.line(`let value = ${printer.scalar(kernel.value)};`);
  for (const line of updateLines(kernel, helpers)) printer.line(line);
  const body = printer.close();
  const code = assembleModule({
    label: kernel.label,
    bindings,
    atomicBinding: initial.binding,
    helpers,
    workgroupSize,
    body,
  });
  return { code, workgroupCount: grid.workgroupCount };
}

/** Statements that join `value` to element `at`. */
function updateLines(kernel: ScatterKernel, helpers: HelperSet): string[] {
  const { combine, type, round, initial } = kernel;
  const element = `&b${initial.binding}[at]`;
  const atomic = atomics[combine];
  if (type !== 'f32' && round === null && atomic !== null) return [`${atomic}(${element}, value);`];
  const isFloat = type === 'f32';
  const old = isFloat ? 'bitcast<f32>(old)' : 'old';
  const joined = combineText(combine, type, old, 'value', 1, helpers);
  const rounded = round === null ? joined : unaryText(round, `(${joined})`, type, 1, helpers);
  const next = isFloat ? `bitcast<u32>(${rounded})` : rounded;
  return [
    `var old = atomicLoad(${element});`,
    `loop {
  let next = ${next};
  if (next == old) { break; }
  let tried = atomicCompareExchangeWeak(${element}, old, next);
  if (tried.exchanged) { break; }
  old = tried.old_value;
}`,
  ];
}
