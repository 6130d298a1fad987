/** Compiles graphs and prints their kernels for made-up adapters: no device is needed. */
import { Graph } from '../../../src/graph/graph.js';
import type { Operation, Tensor } from '../../../src/graph/operation.js';
import { printKernel } from '../../../src/runtime/gpu/print-kernel.js';
import type { GpuCaps } from '../../../src/runtime/gpu/wgsl-module.js';
import { compileGraph } from '../../compiler/compile-graph.js';
import { hardwareCaps } from './gpu-harness.js';

/** A software adapter with subgroups of eight, such as llvmpipe. */
export const softwareCaps: GpuCaps = {
  ...hardwareCaps,
  subgroups: true,
  subgroupSize: 8,
  subgroupSizeFixed: true,
  maxInvocationsPerWorkgroup: 1024,
  isSoftware: true,
};

export interface Printed {
  readonly feeds: readonly Tensor[];
  readonly fetches?: readonly Tensor[];
  readonly targets?: readonly Operation[];
}

/** A helper's text depends on its name alone, so only its name is of interest. */
const withoutHelpers = (code: string): string =>
  code.replaceAll(/^fn (\w+_4?)\([^]*?^}\n/gm, '// fn $1\n');

/** The WGSL of every kernel of a graph, in order. */
export function printed(
  build: () => Printed,
  caps: GpuCaps = hardwareCaps,
  showHelpers = false,
): string {
  const { feeds, fetches = [], targets = [] } = new Graph().asDefault(build);
  const { steps } = compileGraph(fetches, feeds, targets);
  return steps
    .map((step) => {
      if (step.kind !== 'kernel') throw new Error(`A step is no kernel but a ${step.kind}.`);
      const { code } = printKernel(step.kernel, caps);
      return showHelpers ? code : withoutHelpers(code);
    })
    .join('\n');
}
