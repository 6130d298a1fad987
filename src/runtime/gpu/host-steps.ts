/**
 * The host's part of one run: transfers and kernels between the device's segments. The device's
 * work so far is submitted, and waited for, only where the host needs a result of it.
 */
import { InternalError } from '../../errors.js';
import { hasChecks } from '../../ir/kernel.js';
import type { Program, Step } from '../../ir/program.js';
import {
  createStorage,
  isText,
  storageView,
  storedLength,
  type StorageArray,
} from '../../ir/storage.js';
import { copyArray, transferArray, writtenBuffers } from '../cpu/program-memory.js';
import type { VariableBuffer } from '../runtime.js';
import type { DeviceBuffer } from './buffers.js';
import type { GpuContext } from './gpu-context.js';
import type { PreparedStep } from './prepared-steps.js';
import { dataBytes, storageUsage, upload, type ProgramBuffers } from './program-buffers.js';
import type { RunEncoder } from './run-encoder.js';
import { readStaging } from './staging.js';

/** Host kernels above this much work (additions) run in slices, so that the event loop turns. */
const shortWork = 4e6;

interface PendingDown {
  readonly staging: DeviceBuffer;
  readonly from: number;
  readonly to: number;
}

/** A variable as it was before the run. */
type Saved =
  | { readonly place: 'device'; readonly buffer: number; readonly copy: DeviceBuffer }
  | { readonly place: 'host'; readonly buffer: number; readonly copy: StorageArray };

type HostKernelStep = Extract<PreparedStep, { kind: 'hostKernel' }>;

const isLong = (step: PreparedStep): step is HostKernelStep =>
  step.kind === 'hostKernel' && step.kernel.work > shortWork;

/**
 * Whether a run has to wait for the device, or for long work of the host, before it can go on. Others
 * (a step counter kept on the host, say) are enqueued whole.
 */
export const mustWait = (steps: readonly PreparedStep[], program: Program): boolean =>
  steps.some((step) => step.kind === 'down' || isLong(step)) || failsAfterWrite(program);

/** Whether the host can fail when some variable has been written, and must be restored. */
function failsAfterWrite({ steps, buffers }: Program): boolean {
  const writes = (step: Step): boolean =>
    writtenBuffers(step).some((buffer) => buffers[buffer]?.role.kind === 'variable');
  const canFail = (step: Step): boolean =>
    step.kind === 'kernel'
      ? step.place === 'host' && hasChecks(step.kernel)
      : step.kind === 'transfer' &&
        buffers[step.from]?.storage === 'i64' &&
        buffers[step.to]?.storage === 'i32';
  const first = steps.findIndex(writes);
  return first >= 0 && steps.slice(first).some(canFail);
}

export type HostStep = Exclude<PreparedStep, { kind: 'dispatch' } | { kind: 'deviceCopy' }>;

export class HostSteps {
  bytesUp = 0;
  bytesDown = 0;
  kernels = 0;
  private pending: PendingDown[] = [];
  private saved: Saved[] = [];

  constructor(
    private readonly context: GpuContext,
    private readonly program: Program,
    private readonly buffers: ProgramBuffers,
    private readonly encoder: RunEncoder,
    private readonly variables: readonly VariableBuffer[],
  ) {}

  /** Does a step, after all device work it depends on. */
  async run(step: HostStep): Promise<void> {
    if (step.kind === 'down') {
      this.startDown(step.from, step.to);
      return;
    }
    await this.flush();
    if (!isLong(step)) this.runNow(step);
    else {
      this.kernels++;
      await step.kernel.runSliced(step.buffers.map((buffer) => this.buffers.hostAt(buffer)));
    }
  }

  /** Does a step that needs nothing of the device and is soon done. */
  runNow(step: Exclude<HostStep, { kind: 'down' }>): void {
    const { buffers } = this;
    switch (step.kind) {
      case 'up':
        this.moveUp(step.from, step.to);
        return;
      case 'hostCopy':
        copyArray(buffers.hostAt(step.from), buffers.hostAt(step.to));
        return;
      case 'hostKernel':
        this.kernels++;
        step.kernel.run(step.buffers.map((buffer) => buffers.hostAt(buffer)));
    }
  }

  /** Brings what was asked of the device to the host. */
  async flush(): Promise<void> {
    if (this.pending.length === 0) return;
    this.encoder.submit();
    const { pending } = this;
    this.pending = [];
    await Promise.all(pending.map((down) => this.endDown(down)));
  }

  private startDown(from: number, to: number): void {
    const byteLength = dataBytes(this.buffers.declOf(from));
    if (byteLength === 0) return;
    const staging = this.context.staging.take(byteLength);
    this.encoder.copy(this.buffers.deviceAt(from, this.variables), staging.buffer, byteLength);
    this.pending.push({ staging, from, to });
  }

  private async endDown({ staging, from, to }: PendingDown): Promise<void> {
    const source = this.buffers.declOf(from);
    const target = this.buffers.declOf(to);
    const byteLength = dataBytes(source);
    this.bytesDown += byteLength;
    await readStaging(this.context.staging, staging, byteLength, (bytes) => {
      const view = storageView(source.storage, bytes, 0, storedLength(source.dtype, source.shape));
      transferArray(view, this.buffers.hostAt(to), target);
    });
  }

  private moveUp(from: number, to: number): void {
    const target = this.buffers.declOf(to);
    const count = storedLength(target.dtype, target.shape);
    if (count === 0) return;
    const source = this.buffers.hostAt(from);
    const array = createStorage(target.storage, count);
    if (isText(source) || isText(array))
      throw new InternalError(`"${target.label}" holds strings, which stay on the host.`);
    transferArray(source.length > count ? source.subarray(0, count) : source, array, target);
    // A write happens before all submits that follow it, and so must come after those before it.
    this.encoder.submit();
    upload(this.context.device, this.buffers.deviceAt(to, this.variables), array);
    this.bytesUp += array.byteLength;
  }

  /** Keeps the value of every variable that is written before a step that can fail. */
  saveVariables(steps: readonly PreparedStep[]): void {
    if (!steps.some(({ kind }) => kind === 'up' || kind === 'down' || kind === 'hostKernel'))
      return;
    const written = new Set(this.program.steps.flatMap((step) => writtenBuffers(step)));
    for (const buffer of written) {
      const decl = this.buffers.declOf(buffer);
      if (decl.role.kind !== 'variable') continue;
      if (decl.place === 'host') {
        this.saved.push({ place: 'host', buffer, copy: this.buffers.hostAt(buffer).slice() });
        continue;
      }
      const byteLength = dataBytes(decl);
      if (byteLength === 0) continue;
      const { label } = decl;
      const copy = this.context.allocator.create({
        use: 'arena',
        byteLength,
        usage: storageUsage,
        label,
      });
      this.encoder.copy(this.buffers.deviceAt(buffer, this.variables), copy.buffer, byteLength);
      this.saved.push({ place: 'device', buffer, copy });
    }
  }

  /** Gives variables their values of before the run. */
  restoreVariables(): void {
    this.encoder.submit();
    for (const { place, buffer, copy } of this.saved) {
      const decl = this.buffers.declOf(buffer);
      if (place === 'host') copyArray(copy, this.buffers.hostAt(buffer));
      else if (decl.role.kind !== 'variable')
        throw new InternalError(`"${decl.label}" is no variable.`);
      else
        this.encoder.copy(
          copy.buffer,
          this.buffers.deviceAt(buffer, this.variables),
          dataBytes(decl),
        );
    }
    this.encoder.submit();
  }

  /** Frees what the run held. */
  release(): void {
    for (const saved of this.saved) if (saved.place === 'device') saved.copy.destroy();
    for (const { staging } of this.pending) this.context.staging.give(staging);
    this.saved = [];
    this.pending = [];
  }
}
