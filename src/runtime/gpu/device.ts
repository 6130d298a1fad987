/**
 * The GPU runtime: one WebGPU device, and the Programs and variables on it. Errors the device
 * reports late (it has no exceptions) reach the next run.
 */
import { InternalError, RuntimeError, TfError, UnavailableError } from '../../errors.js';
import type { Program, VariableDecl } from '../../ir/program.js';
import { createStorage, storageBytes, storedLength } from '../../ir/storage.js';
import type { DeviceCaps, LoadedProgram, MemoryUse, Runtime, VariableBuffer } from '../runtime.js';
import { capsOf, type AdapterFacts } from './adapter-facts.js';
import { BufferAllocator, caught, translateError } from './buffers.js';
import type { GpuContext } from './gpu-context.js';
import { GpuVariable, HostVariable } from './gpu-variable.js';
import { GpuProgram } from './loaded-program.js';
import { PipelineCache } from './pipelines.js';
import { storageUsage } from './program-buffers.js';
import { findAdapter, type AdapterRequest } from './provider.js';
import { RunOrder } from './run-order.js';
import { StagingPool } from './staging.js';

/** Features asked for where the adapter has them. */
const wantedFeatures = ['subgroups', 'timestamp-query', 'shader-f16'] as const;

async function requestDevice(adapter: GPUAdapter, facts: AdapterFacts): Promise<GPUDevice> {
  const requiredFeatures = wantedFeatures.filter((name) => facts.features.includes(name));
  const descriptor = {
    label: 'defrun',
    requiredFeatures: requiredFeatures as unknown as GPUFeatureName[],
    requiredLimits: facts.limits,
  };
  try {
    return await adapter.requestDevice(descriptor);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new UnavailableError(`${facts.description} gave no device: ${reason}`, { cause });
  }
}

export class GpuRuntime implements Runtime {
  readonly caps: DeviceCaps;
  readonly description: string;
  readonly lost: Promise<string>;
  private readonly context: GpuContext;
  private readonly allocator: BufferAllocator;
  private readonly staging: StagingPool;
  private readonly inFlight = new Set<Promise<unknown>>();
  private readonly faults: TfError[] = [];
  private lossReason: string | undefined;
  private closing: Promise<void> | undefined;

  private constructor(
    private readonly device: GPUDevice,
    /** The adapter, as it described itself. */
    readonly facts: AdapterFacts,
  ) {
    const { limits } = facts;
    const maxBytes = limits['maxBufferSize'] ?? 2 ** 28;
    const maxBindingBytes = limits['maxStorageBufferBindingSize'] ?? 2 ** 27;
    const maxBindings = limits['maxStorageBuffersPerShaderStage'] ?? 8;
    this.description = facts.description;
    this.caps = { kind: 'gpu', maxBindings, maxBindingBytes };
    this.allocator = new BufferAllocator(device, maxBytes, maxBindingBytes);
    this.staging = new StagingPool(this.allocator, maxBytes);
    this.context = {
      device,
      caps: capsOf(facts),
      allocator: this.allocator,
      pipelines: new PipelineCache(device, this.allocator.counts, maxBindings),
      staging: this.staging,
      order: new RunOrder(),
      hasTimestamps: facts.features.includes('timestamp-query'),
      check: () => {
        this.check();
      },
      throwFault: () => {
        this.throwFault();
      },
      translate: (error) => this.translate(error),
      track: (work) => this.track(work),
    };
    this.lost = this.watchLoss();
    device.addEventListener('uncapturederror', (event) => {
      this.faults.push(translateError('The GPU', event.error));
    });
  }

  /**
   * Opens a device on the best adapter, or on the one given.
   * @throws UnavailableError if there is none, saying what to install.
   * @example
   * const runtime = await GpuRuntime.create();
   * const loaded = await runtime.load(program);
   */
  static async create(options: AdapterRequest = {}): Promise<GpuRuntime> {
    const { adapter, facts } = await findAdapter(options);
    return new GpuRuntime(await requestDevice(adapter, facts), facts);
  }

  async load(program: Program): Promise<LoadedProgram> {
    this.check();
    return this.track(GpuProgram.load(this.context, program));
  }

  /** @throws ResourceExhaustedError if the device cannot make a buffer so large. */
  createVariable(decl: VariableDecl): VariableBuffer {
    this.check();
    const { dtype, shape, storage, node } = decl;
    const count = Math.max(storedLength(dtype, shape), 1);
    if (decl.place === 'host') return new HostVariable(createStorage(storage, count));
    const byteLength = count * storageBytes(storage);
    const request = { use: 'variables', byteLength, usage: storageUsage, label: node } as const;
    const { value, failure } = caught(this.device, `Variable "${node}"`, () =>
      this.allocator.create(request),
    );
    return new GpuVariable(value, failure);
  }

  memory(): MemoryUse {
    return this.allocator.memory;
  }

  /** WGSL and pipelines aside, everything the runtime holds goes with the device. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  private async shutDown(): Promise<void> {
    while (this.inFlight.size > 0) await Promise.allSettled(this.inFlight);
    this.staging.destroy();
    this.device.destroy();
  }

  private watchLoss(): Promise<string> {
    return new Promise((resolve) => {
      void this.device.lost.then(({ reason, message }) => {
        this.lossReason = message || reason;
        if (this.closing === undefined) resolve(this.lossReason);
      });
    });
  }

  private check(): void {
    if (this.closing !== undefined) throw new RuntimeError('The GPU runtime is closed.');
    if (this.lossReason !== undefined) throw this.lossError();
    this.throwFault();
  }

  private throwFault(): void {
    const fault = this.faults.shift();
    if (fault !== undefined) throw fault;
  }

  private lossError(cause?: unknown): TfError {
    return new UnavailableError(
      `The GPU device was lost: ${this.lossReason ?? 'no reason given'} Variables on it are gone; ` +
        'open a new session and restore them from a checkpoint.',
      { cause },
    );
  }

  private translate(error: unknown): TfError {
    if (error instanceof TfError) return error;
    const message = error instanceof Error ? error.message : String(error);
    const isLoss =
      this.lossReason !== undefined || /lost|destroyed|instance dropped/i.test(message);
    if (isLoss) return this.lossError(error);
    return new InternalError(`The GPU could not give a run's results: ${message}`, {
      cause: error,
    });
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.inFlight.add(work);
    const forget = (): void => {
      this.inFlight.delete(work);
    };
    work.then(forget, forget);
    return work;
  }
}
