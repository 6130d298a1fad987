/**
 * A Program on the device. A run that need not wait for the device is enqueued whole before `run` returns: feeds
 * written, one encoder, one submit. Only the readback is waited for.
 */
import { RuntimeError, type TfError } from '../../errors.js';
import type { NdArray } from '../../graph/dtype.js';
import { takeFeed } from '../../ir/feed-array.js';
import type { Program } from '../../ir/program.js';
import type { KernelTime, LoadedProgram, RunCounts, RunRequest, RunResult } from '../runtime.js';
import { abortable, cancelled } from './abortable.js';
import { BindGroupCache, type Dispatch } from './bind-groups.js';
import { caught, type DeviceBuffer } from './buffers.js';
import type { GpuContext } from './gpu-context.js';
import { GpuVariable } from './gpu-variable.js';
import { HostSteps, mustWait } from './host-steps.js';
import { KernelTimer } from './kernel-times.js';
import { prepareSteps, type PreparedStep } from './prepared-steps.js';
import { checkVariables, dataBytes, ProgramBuffers } from './program-buffers.js';
import { Readback } from './readback.js';
import { RunEncoder } from './run-encoder.js';

/** One run, from its start to its result. */
interface Flight {
  readonly request: RunRequest;
  readonly encoder: RunEncoder;
  readonly groupOf: (dispatch: Dispatch) => GPUBindGroup;
  readonly bytesUp: number;
  readonly hostKernels: number;
}

export class GpuProgram implements LoadedProgram {
  private readonly readback: Readback;
  private readonly waits: boolean;
  private isDisposed = false;
  private inFlight = 0;
  /** Errors of the first run's commands; later runs repeat them. */
  private firstFailure: Promise<TfError | null> | undefined;

  private constructor(
    private readonly context: GpuContext,
    private readonly program: Program,
    private readonly buffers: ProgramBuffers,
    private readonly steps: readonly PreparedStep[],
    private readonly groups: BindGroupCache,
  ) {
    this.waits = mustWait(steps, program);
    this.readback = new Readback(context, program, buffers);
  }

  /** @throws ResourceExhaustedError if its buffers do not fit the device. */
  static async load(context: GpuContext, program: Program): Promise<GpuProgram> {
    const steps = await prepareSteps(program, context.pipelines, context.caps);
    context.check();
    const { device, allocator } = context;
    const { value, failure } = caught(device, 'Loading a program', () => {
      const buffers = new ProgramBuffers(device, allocator, program);
      const dispatches = steps.filter((step) => step.kind === 'dispatch');
      const groups = new BindGroupCache(device, allocator.counts, buffers, dispatches);
      return { buffers, groups };
    });
    const error = await failure;
    if (error !== null) {
      value.buffers.destroy();
      throw error;
    }
    return new GpuProgram(context, program, value.buffers, steps, value.groups);
  }

  run(request: RunRequest): Promise<RunResult> {
    const { context } = this;
    this.inFlight++;
    const end = (isSuccess: boolean): void => {
      this.inFlight--;
      if (this.isDisposed) this.release();
      request.onEnd?.(isSuccess);
    };
    const done = context.track(this.start(request)).then(
      (result) => {
        end(true);
        return result;
      },
      (error: unknown) => {
        end(false);
        throw error;
      },
    );
    // An abort leaves nobody waiting for the run itself.
    done.catch(() => undefined);
    return abortable(done, request.signal);
  }

  dispose(): void {
    if (this.isDisposed) return;
    this.isDisposed = true;
    this.release();
  }

  private release(): void {
    if (this.inFlight === 0) this.buffers.destroy();
  }

  private async start(request: RunRequest): Promise<RunResult> {
    const { context } = this;
    this.check(request);
    const { order } = context;
    if (!this.waits && !order.isBusy && request.before === undefined) return this.enqueue(request);
    // The caller may change its arrays once `run` has returned.
    const kept = { ...request, feeds: request.feeds.map(takeFeed) };
    return order.add(async (release) => {
      await kept.before;
      if (kept.signal?.aborted === true) throw cancelled(kept.signal);
      checkVariables(this.program, kept.variables);
      if (this.waits) return this.runWithHost(kept);
      const result = this.enqueue(kept);
      release();
      return result;
    });
  }

  private check({ signal, variables }: RunRequest): void {
    this.context.check();
    if (this.isDisposed) throw new RuntimeError('The program was disposed of.');
    if (signal?.aborted === true) throw cancelled(signal);
    checkVariables(this.program, variables);
  }

  private countsNow(): readonly [number, number, number] {
    const { buffers, bindGroups, pipelines } = this.context.allocator.counts;
    return [buffers, bindGroups, pipelines];
  }

  /** Writes the inputs and opens an encoder. Nothing of the device changes if this throws. */
  private begin(request: RunRequest): Flight {
    const { context, buffers, program, steps } = this;
    const feeds = buffers.encodeFeeds(request.feeds);
    buffers.bindHostVariables(request.variables);
    const groupOf = this.groups.groupsFor(request.variables);
    const kernels = steps.filter(({ kind }) => kind === 'dispatch').length;
    const timer =
      request.trace === true && context.hasTimestamps
        ? new KernelTimer(context.device, context.allocator, context.staging, kernels)
        : undefined;
    const encoder = new RunEncoder(
      context.device,
      program.fetches.length > 0 ? 'run' : 'step',
      timer,
    );
    const bytesUp = buffers.writeInputs(feeds, request.random);
    return { request, encoder, groupOf, bytesUp, hostKernels: 0 };
  }

  private enqueue(request: RunRequest): Promise<RunResult> {
    const before = this.countsNow();
    const work = (): { flight: Flight; staging: DeviceBuffer | undefined } => {
      const flight = this.begin(request);
      const { encoder } = flight;
      const host = new HostSteps(
        this.context,
        this.program,
        this.buffers,
        encoder,
        request.variables,
      );
      try {
        for (const step of this.steps)
          if (step.kind === 'dispatch' || step.kind === 'deviceCopy') this.encode(step, flight);
          else if (step.kind !== 'down') host.runNow(step);
      } catch (error) {
        // A check of the host failed. What was encoded is never submitted.
        encoder.timer?.destroy();
        throw error;
      }
      const staging = this.readback.encode(encoder, request.variables);
      encoder.submit(true);
      const bytesUp = flight.bytesUp + host.bytesUp;
      return { flight: { ...flight, bytesUp, hostKernels: host.kernels }, staging };
    };
    try {
      if (this.firstFailure !== undefined) {
        const { flight, staging } = work();
        return this.finish(flight, staging, this.created(before));
      }
      const { value, failure } = caught(this.context.device, "The program's first run", work);
      this.firstFailure = failure;
      return this.finish(value.flight, value.staging, this.created(before));
    } finally {
      // What is fetched from the host has been taken from it by now.
      this.buffers.dropStrings();
    }
  }

  private encode(step: PreparedStep, { encoder, groupOf, request }: Flight): void {
    if (step.kind === 'dispatch') {
      encoder.dispatch(step.pipeline.pipeline, groupOf(step), step.workgroupCount, step.label);
    } else if (step.kind === 'deviceCopy') {
      const byteLength = dataBytes(this.buffers.declOf(step.from));
      if (byteLength === 0) return;
      const from = this.buffers.deviceAt(step.from, request.variables);
      const to = this.buffers.deviceAt(step.to, request.variables);
      if (from !== to) encoder.copy(from, to, byteLength);
    }
  }

  private created(before: readonly [number, number, number]): RunCounts {
    const [buffers, bindGroups, pipelines] = this.countsNow();
    return {
      bytesUp: 0,
      bytesDown: 0,
      dispatches: 0,
      submits: 0,
      buffersCreated: buffers - before[0],
      bindGroupsCreated: bindGroups - before[1],
      pipelinesCreated: pipelines - before[2],
    };
  }

  private async runWithHost(request: RunRequest): Promise<RunResult> {
    const before = this.countsNow();
    const { context, buffers, program, steps } = this;
    const flight = this.begin(request);
    const { encoder } = flight;
    const host = new HostSteps(context, program, buffers, encoder, request.variables);
    host.saveVariables(steps);
    try {
      for (const step of steps) {
        if (step.kind === 'dispatch' || step.kind === 'deviceCopy') this.encode(step, flight);
        else await host.run(step);
      }
      await host.flush();
      const staging = this.readback.encode(flight.encoder, flight.request.variables);
      encoder.submit(true);
      const counts = this.created(before);
      const bytesUp = flight.bytesUp + host.bytesUp;
      const done = { ...flight, bytesUp, hostKernels: host.kernels };
      const result = await this.finish(done, staging, counts);
      const bytesDown = result.counts.bytesDown + host.bytesDown;
      return { ...result, counts: { ...result.counts, bytesDown } };
    } catch (error) {
      host.restoreVariables();
      throw context.translate(error);
    } finally {
      host.release();
      buffers.dropStrings();
    }
  }

  /** Waits for the device, and brings the fetches to the host. */
  private async finish(
    { request, encoder, bytesUp, hostKernels }: Flight,
    staging: DeviceBuffer | undefined,
    created: RunCounts,
  ): Promise<RunResult> {
    const { context } = this;
    let fetched: (NdArray | null)[];
    let trace: readonly KernelTime[] = [];
    try {
      fetched = await this.readback.read(staging);
      if (encoder.timer !== undefined) trace = await encoder.timer.read();
    } catch (error) {
      throw context.translate(error);
    } finally {
      encoder.timer?.destroy();
    }
    await this.throwFailures(request);
    const { submits } = encoder;
    const dispatches = encoder.dispatches + hostKernels;
    const { bytesDown } = this.readback;
    return { fetched, counts: { ...created, bytesUp, bytesDown, dispatches, submits }, trace };
  }

  private async throwFailures({ variables }: RunRequest): Promise<void> {
    const failure = await this.firstFailure;
    if (failure) {
      this.firstFailure = undefined;
      throw failure;
    }
    for (const variable of variables) {
      if (!(variable instanceof GpuVariable) || variable.isAllocated) continue;
      await variable.allocated;
      if (variable.failure !== null) throw variable.failure;
    }
    this.context.throwFault();
  }
}
