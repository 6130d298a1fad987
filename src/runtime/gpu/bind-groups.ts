/**
 * Bind groups of a loaded Program. Those without variables are made once; those with are kept by
 * the variables' identity, so that runs after the first make none.
 */
import { GpuVariable } from './gpu-variable.js';
import type { VariableBuffer } from '../runtime.js';
import type { CreationCounts } from './buffers.js';
import type { Pipeline } from './pipelines.js';
import type { ProgramBuffers } from './program-buffers.js';

export interface Dispatch {
  readonly kind: 'dispatch';
  readonly pipeline: Pipeline;
  readonly workgroupCount: readonly [number, number, number];
  /** The i32 the pipeline reads from a uniform after the bindings, if it does. */
  readonly bound: number | undefined;
  readonly label: string;
  /** Buffer numbers, by binding. */
  readonly buffers: readonly number[];
}

/** Sets of variables remembered: a program is run with others only after a session is reset. */
const maxSets = 4;

export class BindGroupCache {
  private readonly fixed = new Map<Dispatch, GPUBindGroup>();
  private readonly varying: readonly Dispatch[];
  private readonly sets = new Map<string, ReadonlyMap<Dispatch, GPUBindGroup>>();

  constructor(
    private readonly device: GPUDevice,
    private readonly counts: CreationCounts,
    private readonly buffers: ProgramBuffers,
    dispatches: readonly Dispatch[],
  ) {
    const isVarying = ({ buffers: numbers }: Dispatch): boolean =>
      numbers.some((number) => buffers.declOf(number).role.kind === 'variable');
    this.varying = dispatches.filter(isVarying);
    // Buffers are made when a program loads, even where bind groups are not.
    for (const { bound } of dispatches) if (bound !== undefined) buffers.uniformOf(bound);
    for (const dispatch of dispatches)
      if (!isVarying(dispatch)) this.fixed.set(dispatch, this.create(dispatch, []));
  }

  /** The group of each dispatch when the program runs with these variables. */
  groupsFor(variables: readonly VariableBuffer[]): (dispatch: Dispatch) => GPUBindGroup {
    const key = variables.map((v) => (v instanceof GpuVariable ? v.id : '-')).join(' ');
    let set = this.sets.get(key);
    if (set === undefined) {
      set = new Map(this.varying.map((dispatch) => [dispatch, this.create(dispatch, variables)]));
      this.sets.set(key, set);
      const [oldest] = this.sets.keys();
      if (this.sets.size > maxSets && oldest !== undefined) this.sets.delete(oldest);
    }
    const found = set;
    return (dispatch) =>
      this.fixed.get(dispatch) ?? found.get(dispatch) ?? this.create(dispatch, variables);
  }

  private create(dispatch: Dispatch, variables: readonly VariableBuffer[]): GPUBindGroup {
    this.counts.bindGroups++;
    const { bound } = dispatch;
    const resources = dispatch.buffers.map((number) => this.buffers.deviceAt(number, variables));
    if (bound !== undefined) resources.push(this.buffers.uniformOf(bound));
    return this.device.createBindGroup({
      label: dispatch.label,
      layout: dispatch.pipeline.layout,
      entries: resources.map((buffer, binding) => ({ binding, resource: { buffer } })),
    });
  }
}
