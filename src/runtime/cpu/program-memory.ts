/**
 * Buffers of a Program on the host: typed arrays, temps of one slot sharing one ArrayBuffer; byte
 * strings in arrays of their own.
 */
import { InternalError, InvalidArgumentError } from '../../errors.js';
import { elementCount } from '../../graph/shape.js';
import { encodeFeed, type FeedArray } from '../../ir/feed-array.js';
import { storesOf } from '../../ir/kernel.js';
import type { BufferDecl, Program, Step } from '../../ir/program.js';
import {
  byteLengthOf,
  createStorage,
  encode,
  isText,
  storageBytes,
  storageView,
  type StorageArray,
} from '../../ir/storage.js';

export interface ProgramMemory {
  /** By buffer number; feeds and variables stay empty until a run binds them. */
  readonly arrays: (StorageArray | undefined)[];
  readonly constantBytes: number;
  readonly arenaBytes: number;
}

const lengthOf = (decl: BufferDecl): number => decl.byteLength / storageBytes(decl.storage);

/** Bytes of the references that temporary strings leave when they are gone. */
const referenceBytes = ({ buffers }: Program): number =>
  buffers.reduce(
    (sum, { role, byteLength }) => sum + (role.kind === 'strings' ? byteLength : 0),
    0,
  );

/** Allocates what a program owns: constants, random positions and the arena. */
export function allocateProgram(program: Program): ProgramMemory {
  const slots = program.slots.map(({ byteLength }) => new ArrayBuffer(byteLength));
  let constantBytes = 0;
  const arrays = program.buffers.map((decl): StorageArray | undefined => {
    const { role } = decl;
    switch (role.kind) {
      case 'constant': {
        const array = encode(role.data, decl.storage, decl.label);
        constantBytes += byteLengthOf(array);
        return array;
      }
      case 'random':
        return createStorage('u32', 2 * Math.max(program.random.length, 1));
      case 'strings':
        return createStorage('str', lengthOf(decl));
      case 'temp': {
        const slot = slots[role.slot];
        if (slot === undefined || slot.byteLength < decl.byteLength)
          throw new InternalError(
            `Buffer "${decl.label}" does not fit its arena slot ${role.slot}.`,
          );
        return storageView(decl.storage, slot, 0, lengthOf(decl));
      }
      case 'feed':
      case 'variable':
        return undefined;
    }
  });
  const arenaBytes =
    slots.reduce((sum, slot) => sum + slot.byteLength, 0) + referenceBytes(program);
  return { arrays, constantBytes, arenaBytes };
}

export function arrayAt(
  arrays: readonly (StorageArray | undefined)[],
  buffer: number,
): StorageArray {
  const array = arrays[buffer];
  if (array === undefined) throw new InternalError(`Buffer ${buffer} of the program is not bound.`);
  return array;
}

/** Puts the feeds' data in place; without a copy where the host array already is the storage. */
export function bindFeeds(
  program: Program,
  arrays: (StorageArray | undefined)[],
  feeds: readonly FeedArray[],
): void {
  for (const [i, { role, storage, label }] of program.buffers.entries()) {
    if (role.kind !== 'feed') continue;
    const feed = feeds[role.feed];
    if (feed === undefined)
      throw new InvalidArgumentError(`Feed ${role.feed} ("${label}") was not given to the run.`);
    arrays[i] = encodeFeed(feed, storage, label);
  }
}

/** Lets go of the strings of a run, the caller's and its own; what is kept is empty. */
export function dropStrings(program: Program, arrays: (StorageArray | undefined)[]): void {
  for (const [i, { role, storage }] of program.buffers.entries()) {
    if (storage !== 'str') continue;
    if (role.kind === 'strings') (arrays[i] as string[] | undefined)?.fill('');
    else if (role.kind !== 'constant') arrays[i] = undefined;
  }
}

/** Numbers of the buffers a step writes. */
export function writtenBuffers(step: Step): readonly number[] {
  if (step.kind !== 'kernel') return [step.to];
  const bindings = new Set(storesOf(step.kernel).map(({ binding }) => binding));
  return [...bindings].map((binding) => step.buffers[binding] ?? -1);
}

/** Copies all elements of `to` from buffers of one storage type. */
export function copyArray(from: StorageArray, to: StorageArray): void {
  if (isText(from) || isText(to)) {
    for (let i = 0; i < to.length; i++) to[i] = from[i] ?? '';
    return;
  }
  const source = from.length > to.length ? from.subarray(0, to.length) : from;
  (to as Float32Array).set(source as Float32Array);
}

const isBigArray = (array: StorageArray): boolean =>
  array instanceof BigInt64Array || array instanceof BigUint64Array;

/**
 * Copies between storage types.
 * @throws InvalidArgumentError if an int64 does not fit 32 bits.
 */
export function transferArray(from: StorageArray, to: StorageArray, decl: BufferDecl): void {
  if (isText(from) || isText(to)) {
    throw new InternalError(`Buffer "${decl.label}" holds strings, which stay on the host.`);
  } else if (isBigArray(from) === isBigArray(to)) {
    copyArray(from, to);
  } else if (from instanceof BigInt64Array && to instanceof Int32Array) {
    const data = from.subarray(0, elementCount(decl.shape));
    copyArray(encode({ dtype: 'int64', shape: decl.shape, data }, 'i32', decl.label), to);
  } else if (isBigArray(to)) {
    const source = from as Float32Array;
    for (let i = 0; i < source.length; i++)
      (to as BigInt64Array)[i] = BigInt(Math.trunc(source[i] ?? 0));
  } else {
    throw new InternalError(`Buffer "${decl.label}" cannot be transferred to ${decl.storage}.`);
  }
}
