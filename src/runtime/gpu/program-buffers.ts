/**
 * The memory of one loaded Program: its feed, constant, random and arena buffers on the device, and
 * typed arrays for those on the host. Variables' buffers come with each run.
 */
import { FailedPreconditionError, InternalError, InvalidArgumentError } from '../../errors.js';
import { encodeFeed, type FeedArray } from '../../ir/feed-array.js';
import type { BufferDecl, Program } from '../../ir/program.js';
import {
  byteLengthOf,
  createStorage,
  encode,
  isText,
  storageBytes,
  storageView,
  storedLength,
  type StorageArray,
} from '../../ir/storage.js';
import { dropStrings } from '../cpu/program-memory.js';
import type { MemoryUse, VariableBuffer } from '../runtime.js';
import type { BufferAllocator, DeviceBuffer } from './buffers.js';
import { bufferUsage } from './gpu-constants.js';
import { GpuVariable, HostVariable } from './gpu-variable.js';

export const storageUsage =
  bufferUsage.storage | bufferUsage.copySource | bufferUsage.copyDestination;

/** Bytes of one upload: large constants must not need a second copy of themselves in flight. */
const chunkBytes = 32 * 2 ** 20;

/** Writes an array to the start of a buffer, in chunks. */
export function upload(device: GPUDevice, buffer: GPUBuffer, array: StorageArray): void {
  if (isText(array)) throw new InternalError('Strings stay on the host.');
  const { byteLength, byteOffset } = array;
  const source = array.buffer as ArrayBuffer;
  for (let at = 0; at < byteLength; at += chunkBytes)
    device.queue.writeBuffer(
      buffer,
      at,
      source,
      byteOffset + at,
      Math.min(chunkBytes, byteLength - at),
    );
}

/** Bytes of the elements, without padding. */
export const dataBytes = (decl: BufferDecl): number =>
  storedLength(decl.dtype, decl.shape) * storageBytes(decl.storage);

const uses: Readonly<Record<string, keyof MemoryUse>> = {
  feed: 'feeds',
  random: 'feeds',
  constant: 'constants',
  temp: 'arena',
};

export class ProgramBuffers {
  private readonly owned: DeviceBuffer[] = [];
  private readonly uniforms = new Map<number, GPUBuffer>();
  private readonly device: (GPUBuffer | undefined)[];
  private readonly host: (StorageArray | undefined)[];
  private readonly holdsStrings: boolean;

  constructor(
    private readonly gpu: GPUDevice,
    private readonly allocator: BufferAllocator,
    private readonly program: Program,
  ) {
    this.holdsStrings = program.buffers.some(({ storage }) => storage === 'str');
    try {
      const slots = program.slots.map(({ byteLength, place }, i) =>
        place === 'host'
          ? new ArrayBuffer(byteLength)
          : this.own('arena', byteLength, `arena ${i}`),
      );
      this.host = program.buffers.map((decl) =>
        decl.place === 'host' ? hostArray(decl, program, slots) : undefined,
      );
      this.device = program.buffers.map((decl) => this.deviceBuffer(decl, slots));
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  private own(
    use: keyof MemoryUse,
    byteLength: number,
    label: string,
    usage: number = storageUsage,
  ): GPUBuffer {
    const made = this.allocator.create({ use, byteLength, usage, label });
    this.owned.push(made);
    return made.buffer;
  }

  private deviceBuffer(
    decl: BufferDecl,
    slots: readonly (GPUBuffer | ArrayBuffer)[],
  ): GPUBuffer | undefined {
    const { role, place, byteLength, label } = decl;
    if (place === 'host' || role.kind === 'variable') return undefined;
    if (role.kind === 'temp') {
      const slot = slots[role.slot];
      if (slot === undefined || slot instanceof ArrayBuffer)
        throw new InternalError(`Buffer "${label}" has no arena slot on the device.`);
      return slot;
    }
    const buffer = this.own(uses[role.kind] ?? 'arena', byteLength, label);
    if (role.kind === 'constant') upload(this.gpu, buffer, encode(role.data, decl.storage, label));
    return buffer;
  }

  declOf(buffer: number): BufferDecl {
    const decl = this.program.buffers[buffer];
    if (decl === undefined) throw new InternalError(`The program has no buffer ${buffer}.`);
    return decl;
  }

  /** The device buffer behind a number; variables are taken from the run's. */
  deviceAt(buffer: number, variables: readonly VariableBuffer[]): GPUBuffer {
    const own = this.device[buffer];
    if (own !== undefined) return own;
    const { role, label } = this.declOf(buffer);
    const variable = role.kind === 'variable' ? variables[role.variable] : undefined;
    if (variable instanceof GpuVariable) return variable.storage.buffer;
    throw new InternalError(`Buffer "${label}" has no storage on the device.`);
  }

  /** A uniform buffer that holds an i32. */
  uniformOf(value: number): GPUBuffer {
    const known = this.uniforms.get(value);
    if (known !== undefined) return known;
    const usage = bufferUsage.uniform | bufferUsage.copyDestination;
    const buffer = this.own('constants', 4, `bound ${value}`, usage);
    upload(this.gpu, buffer, Int32Array.of(value));
    this.uniforms.set(value, buffer);
    return buffer;
  }

  hostAt(buffer: number): StorageArray {
    const array = this.host[buffer];
    if (array === undefined)
      throw new InternalError(`Buffer "${this.declOf(buffer).label}" is not bound on the host.`);
    return array;
  }

  /** Feeds as they will be stored, by buffer number. Throws before anything is written. */
  encodeFeeds(feeds: readonly FeedArray[]): ReadonlyMap<number, StorageArray> {
    const arrays = new Map<number, StorageArray>();
    for (const [i, { role, storage, label, dtype, shape }] of this.program.buffers.entries()) {
      if (role.kind !== 'feed') continue;
      const feed = feeds[role.feed];
      if (feed === undefined)
        throw new InvalidArgumentError(`Feed "${label}" was not given to the run.`, {
          node: label,
        });
      const array = encodeFeed(feed, storage, label);
      const wanted = storedLength(dtype, shape);
      if (array.length !== wanted)
        throw new InvalidArgumentError(
          `Feed "${label}" has ${array.length} elements; the program was made for ${wanted}.`,
          { node: label },
        );
      arrays.set(i, array);
    }
    return arrays;
  }

  /** Hands feeds and random positions to the device and host buffers; the bytes uploaded. */
  writeInputs(feeds: ReadonlyMap<number, StorageArray>, random: readonly bigint[]): number {
    let bytes = 0;
    for (const [i, { role, place }] of this.program.buffers.entries()) {
      const array = role.kind === 'random' ? positionsOf(random) : feeds.get(i);
      if (array === undefined) continue;
      const buffer = this.device[i];
      if (place === 'host') this.host[i] = array;
      else if (buffer !== undefined && array.length > 0) {
        upload(this.gpu, buffer, array);
        bytes += byteLengthOf(array);
      }
    }
    return bytes;
  }

  /** Binds the host's variables for a run. */
  bindHostVariables(variables: readonly VariableBuffer[]): void {
    for (const [i, { role, place }] of this.program.buffers.entries()) {
      if (role.kind !== 'variable' || place !== 'host') continue;
      const variable = variables[role.variable];
      this.host[i] = variable instanceof HostVariable ? variable.array : undefined;
    }
  }

  /** Lets go of a run's strings, once nothing is read of them any more. */
  dropStrings(): void {
    if (this.holdsStrings) dropStrings(this.program, this.host);
  }

  destroy(): void {
    for (const buffer of this.owned) buffer.destroy();
    this.owned.length = 0;
  }
}

/** @throws FailedPreconditionError or what befell its allocation, if a variable cannot be used. */
export function checkVariables(program: Program, variables: readonly VariableBuffer[]): void {
  for (const [i, { node, op }] of program.variables.entries()) {
    const variable = variables[i];
    if (!(variable instanceof GpuVariable || variable instanceof HostVariable))
      throw new InternalError(`Variable "${node}" has no storage on this runtime.`, { node, op });
    if (variable.isDestroyed)
      throw new FailedPreconditionError(`Variable "${node}" was destroyed.`, { node, op });
    if (variable instanceof GpuVariable && variable.failure !== null) throw variable.failure;
  }
}

function positionsOf(random: readonly bigint[]): Uint32Array {
  const positions = new Uint32Array(2 * random.length);
  for (const [op, position] of random.entries()) {
    positions[2 * op] = Number(BigInt.asUintN(32, position));
    positions[2 * op + 1] = Number(BigInt.asUintN(32, position >> 32n));
  }
  return positions;
}

function hostArray(
  decl: BufferDecl,
  program: Program,
  slots: readonly (GPUBuffer | ArrayBuffer)[],
): StorageArray | undefined {
  const { role, storage, byteLength, label } = decl;
  switch (role.kind) {
    case 'constant':
      return encode(role.data, storage, label);
    case 'random':
      return createStorage('u32', 2 * Math.max(program.random.length, 1));
    case 'strings':
      return createStorage('str', byteLength / storageBytes(storage));
    case 'temp': {
      const slot = slots[role.slot];
      if (!(slot instanceof ArrayBuffer))
        throw new InternalError(`Buffer "${label}" has no arena slot on the host.`);
      return storageView(storage, slot, 0, byteLength / storageBytes(storage));
    }
    case 'feed':
    case 'variable':
      return undefined;
  }
}
