/**
 * Prints a contraction's epilogue as a WGSL function of the place and the finished sum: every value
 * is computed before anything is stored, so a store may update in place what others read.
 */
import type { Expr } from '../../ir/expr.js';
import { contractAxes, type Store } from '../../ir/kernel.js';
import type { ContractModule } from './wgsl-contract-operand.js';
import { extentOf } from './wgsl-contract-plan.js';
import { ExprPrinter } from './wgsl-expr.js';
import { wgslType, type Width } from './wgsl-literal.js';
import { toStorage } from './wgsl-storage.js';

const lanes = [0, 1, 2, 3] as const;

/** `fn finish(batch, row, col, acc)`: stores one element, or four neighbours from `col` on. */
export function printFinish(module: ContractModule, width: Width): string {
  const { kernel, bindings, helpers, vectorBindings } = module;
  const roots: Expr[] = kernel.stores.flatMap((s) => [s.at, s.value]);
  const vectorAxis = width === 4 ? contractAxes.n : undefined;
  const resolve = (): { text: string; width: Width } => ({ text: 'acc', width });
  const printer = new ExprPrinter(
    {
      bindings,
      helpers,
      vectorBindings,
      vectorAxis,
      extentOf: extentOf(kernel),
      resolve,
      prefix: 'e',
    },
    roots,
  );
  printer.open([
    [contractAxes.batch, 'batch'],
    [contractAxes.m, 'row'],
    [contractAxes.n, 'col'],
  ]);
  const writes = kernel.stores.map((store) => printStore(printer, module, store, width));
  for (const write of writes.flat()) printer.line(write);
  const body = printer.close().map((line) => `  ${line.replaceAll('\n', '\n  ')}`);
  const head = `fn finish(batch: i32, row: i32, col: i32, acc: ${wgslType(kernel.type, width)}) {`;
  return [head, ...body, '}'].join('\n');
}

/** Computes a store's value into a name; the returned statements write it. */
function printStore(
  printer: ExprPrinter,
  module: ContractModule,
  store: Store,
  width: Width,
): string[] {
  const { n, kernel, bindings, vectorBindings } = module;
  const storage = bindings[store.binding]?.storage ?? 'f32';
  const name = (text: string): string => {
    const fresh = printer.fresh();
    printer.line(`let ${fresh} = ${text};`);
    return fresh;
  };
  const value = name(toStorage(printer.at(store.value, width), store.value.type, storage, width));
  const target = `b${store.binding}`;
  if (width === 1) return [`${target}[${name(printer.scalar(store.at))}] = ${value};`];
  const { stride } = printer.lanesOf(store.at);
  if (vectorBindings.has(store.binding))
    return [`${target}[${name(printer.scalar(store.at))} >> 2u] = ${value};`];
  const base = name(stride === undefined ? printer.vector(store.at) : printer.scalar(store.at));
  return lanes.map((lane) => {
    const at = stride === undefined ? `${base}[${lane}]` : `${base} + ${lane * stride}`;
    const write = `${target}[${at}] = ${value}[${lane}];`;
    const isWhole = !n.isBound && kernel.n % 4 === 0;
    return isWhole || lane === 0 ? write : `if (col + ${lane} < ${n.extent}) { ${write} }`;
  });
}
