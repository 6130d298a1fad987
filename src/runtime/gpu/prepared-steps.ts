/** A Program's steps made ready for the device and the host: pipelines compiled, empty ones gone. */
import type { Kernel } from '../../ir/kernel.js';
import type { Program, Step } from '../../ir/program.js';
import { fillOf } from '../../ir/scatter-fill.js';
import { compileHostKernel, type HostKernel } from '../cpu/run-kernel.js';
import type { Dispatch } from './bind-groups.js';
import type { PipelineCache } from './pipelines.js';
import { printKernel } from './print-kernel.js';
import type { GpuCaps } from './wgsl-module.js';

export type PreparedStep =
  | Dispatch
  | { readonly kind: 'deviceCopy'; readonly from: number; readonly to: number }
  | {
      readonly kind: 'hostKernel';
      readonly kernel: HostKernel;
      readonly buffers: readonly number[];
    }
  | { readonly kind: 'hostCopy'; readonly from: number; readonly to: number }
  /** Device to host. */
  | { readonly kind: 'down'; readonly from: number; readonly to: number }
  /** Host to device. */
  | { readonly kind: 'up'; readonly from: number; readonly to: number };

async function prepareStep(
  step: Step,
  program: Program,
  pipelines: PipelineCache,
  caps: GpuCaps,
): Promise<readonly (PreparedStep | null)[]> {
  switch (step.kind) {
    case 'copy': {
      const kind = step.place === 'host' ? 'hostCopy' : 'deviceCopy';
      return [{ kind, from: step.from, to: step.to }];
    }
    case 'transfer': {
      const kind = program.buffers[step.from]?.place === 'host' ? 'up' : 'down';
      return [{ kind, from: step.from, to: step.to }];
    }
    case 'kernel': {
      const { kernel, buffers } = step;
      if (step.place === 'host')
        return [{ kind: 'hostKernel', kernel: compileHostKernel(kernel), buffers }];
      const label = step.nodes.join('+') || kernel.label;
      const fill = kernel.kind === 'scatter' ? fillOf(kernel) : null;
      const main = prepareDispatch(kernel, label, buffers, pipelines, caps);
      if (fill === null) return [await main];
      const filled = fill.bindings.map((binding) => buffers[binding] ?? -1);
      return Promise.all([
        prepareDispatch(fill.kernel, `${label} (fill)`, filled, pipelines, caps),
        main,
      ]);
    }
  }
}

async function prepareDispatch(
  kernel: Kernel,
  label: string,
  buffers: readonly number[],
  pipelines: PipelineCache,
  caps: GpuCaps,
): Promise<Dispatch | null> {
  const module = printKernel(kernel, caps);
  if (module.workgroupCount.includes(0)) return null;
  const pipeline = await pipelines.get(kernel, module);
  const { workgroupCount, bound } = module;
  return { kind: 'dispatch', pipeline, workgroupCount, bound, label, buffers };
}

export async function prepareSteps(
  program: Program,
  pipelines: PipelineCache,
  caps: GpuCaps,
): Promise<readonly PreparedStep[]> {
  const steps = await Promise.all(
    program.steps.map((step) => prepareStep(step, program, pipelines, caps)),
  );
  return steps.flat().filter((step) => step !== null);
}
