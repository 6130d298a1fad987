/**
 * Compute pipelines of one device, made once per WGSL text (names apart) and kept for its life, and
 * the bind group layouts they share.
 */
import { InternalError } from '../../errors.js';
import type { Binding, Kernel } from '../../ir/kernel.js';
import { caught, type CreationCounts } from './buffers.js';
import { computeStage } from './gpu-constants.js';
import type { WgslModule } from './wgsl-module.js';

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

interface Layout {
  readonly group: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

export class PipelineCache {
  private readonly pipelines = new Map<string, Promise<Pipeline>>();
  private readonly layouts = new Map<string, Layout>();

  constructor(
    private readonly device: GPUDevice,
    private readonly counts: CreationCounts,
    private readonly maxBindings: number,
  ) {}

  /**
   * The pipeline of a printed kernel; the event loop stays free while it is compiled.
   * @throws InternalError if the module does not compile, with the compiler's words.
   */
  get(kernel: Kernel, module: WgslModule): Promise<Pipeline> {
    // The code names every binding, so equal text means an equal layout. Its first line is a name.
    const key = module.code.slice(module.code.indexOf('\n'));
    const known = this.pipelines.get(key);
    if (known !== undefined) return known;
    const made = this.create(kernel, module);
    this.pipelines.set(key, made);
    made.catch(() => this.pipelines.delete(key));
    return made;
  }

  private async create(kernel: Kernel, { code, bound }: WgslModule): Promise<Pipeline> {
    const { label } = kernel;
    if (kernel.bindings.length > this.maxBindings)
      throw new InternalError(
        `Kernel "${label}" binds ${kernel.bindings.length} buffers; the device allows ${this.maxBindings}.`,
      );
    const layout = this.layoutOf(kernel.bindings, bound !== undefined);
    this.counts.pipelines++;
    const { value, failure } = caught(this.device, `Kernel "${label}" does not compile`, () => {
      const module = this.device.createShaderModule({ label, code });
      const compute = { module, entryPoint: 'main' };
      return this.device.createComputePipelineAsync({ label, layout: layout.pipeline, compute });
    });
    try {
      return { pipeline: await value, layout: layout.group };
    } catch (cause) {
      const error = await failure;
      if (error !== null) throw error;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new InternalError(`Kernel "${label}" does not compile: ${reason}`, { cause });
    }
  }

  private layoutOf(bindings: readonly Binding[], hasUniform: boolean): Layout {
    const accesses = bindings.map(({ access }) => (access === 'read' ? 'r' : 'w')).join('');
    const key = hasUniform ? `${accesses}u` : accesses;
    const known = this.layouts.get(key);
    if (known !== undefined) return known;
    const entries = bindings.map(({ access }, binding): GPUBindGroupLayoutEntry => ({
      binding,
      visibility: computeStage,
      buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
    }));
    if (hasUniform)
      entries.push({
        binding: bindings.length,
        visibility: computeStage,
        buffer: { type: 'uniform' },
      });
    const group = this.device.createBindGroupLayout({ label: key, entries });
    const pipeline = this.device.createPipelineLayout({ label: key, bindGroupLayouts: [group] });
    const layout = { group, pipeline };
    this.layouts.set(key, layout);
    return layout;
  }
}
