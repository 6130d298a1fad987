/**
 * What a kernel printer hands to the device: one WGSL module and the grid to dispatch it on, and
 * what a printer may know of the adapter. Binding i of a kernel is `@group(0) @binding(i)`, named
 * `b<i>`; the entry point is `main`.
 */
import { InternalError } from '../../errors.js';
import type { Binding } from '../../ir/kernel.js';
import type { HelperSet } from './wgsl-helpers.js';
import { indented } from './wgsl-indent.js';

export interface WgslModule {
  readonly code: string;
  /** Workgroups along x, y, z; all zero-free unless there is nothing to do, then [0, 0, 0]. */
  readonly workgroupCount: readonly [number, number, number];
  /** The i32 the code reads from a uniform after the kernel's bindings, if it does. */
  readonly bound?: number;
}

/** Facts about the adapter that change what is printed. */
export interface GpuCaps {
  readonly maxWorkgroupsPerDimension: number;
  readonly subgroups: boolean;
  /** Smallest subgroup size; 0 if unknown. */
  readonly subgroupSize: number;
  /** Whether every subgroup has that size. */
  readonly subgroupSizeFixed: boolean;
  readonly maxWorkgroupStorageBytes: number;
  readonly maxInvocationsPerWorkgroup: number;
  readonly isSoftware: boolean;
}

export const emptyModule: WgslModule = { code: '', workgroupCount: [0, 0, 0] };

/**
 * Declarations of a kernel's bindings; those in `vectorBindings` are arrays of vec4. WGSL has no
 * atomic floats: at `atomicBinding` a float's bits are u32.
 */
export function declareBindings(
  bindings: readonly Binding[],
  vectorBindings: ReadonlySet<number> = new Set(),
  atomicBinding?: number,
): string {
  return bindings
    .map(({ access, storage }, i) => {
      if (storage === 'f64' || storage === 'i64' || storage === 'u64')
        throw new InternalError(
          `Binding ${i}: WGSL has no ${storage}; the kernel belongs on the host.`,
        );
      const scalar = vectorBindings.has(i) ? `vec4<${storage}>` : storage;
      const element = i === atomicBinding ? `atomic<${storage === 'i32' ? 'i32' : 'u32'}>` : scalar;
      return `@group(0) @binding(${i}) var<storage, ${access}> b${i}: array<${element}>;\n`;
    })
    .join('');
}

export interface Grid {
  readonly workgroupCount: readonly [number, number, number];
  /** i32 number of the workgroup, from `wid` (workgroup_id); may pass the total in the last row. */
  readonly flat: string;
}

/** Workgroups per row of a folded grid: few enough that an incomplete last row wastes little. */
const foldedColumns = 4096;

/**
 * A grid of at least `total` workgroups, folded into two dimensions where one is too short. The
 * rows' length hardly depends on `total`, so that kernels of other sizes have the same text.
 */
export function gridOf(total: number, caps: GpuCaps): Grid {
  const limit = caps.maxWorkgroupsPerDimension;
  if (total <= limit) return { workgroupCount: [total, 1, 1], flat: 'i32(wid.x)' };
  const columns = total <= foldedColumns * limit ? Math.min(foldedColumns, limit) : limit;
  const rows = Math.ceil(total / columns);
  if (rows > limit) throw new InternalError(`A kernel of ${total} workgroups exceeds the grid.`);
  return { workgroupCount: [columns, rows, 1], flat: `i32(wid.x + wid.y * ${columns}u)` };
}

/** Whether the grid may have workgroups beyond those asked for. */
export const isFolded = ({ workgroupCount }: Grid): boolean => workgroupCount[1] > 1;

export interface ModuleParts {
  readonly label: string;
  readonly bindings: readonly Binding[];
  readonly vectorBindings?: ReadonlySet<number>;
  readonly atomicBinding?: number;
  readonly helpers: HelperSet;
  /** `enable` and `requires` lines, without the newline. */
  readonly directives?: readonly string[];
  /** Module-scope declarations, such as workgroup memory. */
  readonly declarations?: readonly string[];
  readonly workgroupSize: number;
  /** Further entry-point parameters, such as `@builtin(subgroup_invocation_id) lane: u32`. */
  readonly parameters?: readonly string[];
  /** Statements of `main`; `wid` is workgroup_id, `lid` local_invocation_index. */
  readonly body: readonly string[];
}

/** Puts a module together, in the order WGSL wants. */
export function assembleModule(parts: ModuleParts): string {
  const parameters = [
    '@builtin(workgroup_id) wid: vec3<u32>',
    '@builtin(local_invocation_index) lid: u32',
    ...(parts.parameters ?? []),
  ];
  return [
    `// ${parts.label.replaceAll(/[^\x20-\x7e]/g, '?')}\n`,
    ...(parts.directives ?? []).map((line) => `${line}\n`),
    declareBindings(parts.bindings, parts.vectorBindings, parts.atomicBinding),
    ...(parts.declarations ?? []).map((line) => `${line}\n`),
    parts.helpers.text(),
    `@compute @workgroup_size(${parts.workgroupSize})\n`,
    `fn main(${parameters.join(', ')}) {\n`,
    indented(parts.body),
    '}\n',
  ].join('');
}

/**
 * Puts together a module whose body may call `bound` (an i32) what only bounds its grid: the number
 * of rows, say. Its value is no part of the text, so that one pipeline serves any: it is a uniform
 * after the kernel's own bindings.
 */
export function boundedModule(
  parts: ModuleParts,
  { workgroupCount }: Grid,
  bound: number,
): WgslModule {
  const { bindings, declarations = [], body } = parts;
  if (![...declarations, ...body].some((text) => /\bbound\b/.test(text)))
    return { code: assembleModule(parts), workgroupCount };
  const declared = `@group(0) @binding(${bindings.length}) var<uniform> bound: i32;`;
  const code = assembleModule({ ...parts, declarations: [declared, ...declarations] });
  return { code, workgroupCount, bound };
}
