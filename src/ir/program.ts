/**
 * Program: a whole run as plain readonly data, with no graph types. A runtime loads it once and
 * runs it many times. Buffers are numbered; steps refer to them by number.
 */
import type { DType, NdArray } from '../graph/dtype.js';
import type { StaticShape } from '../graph/shape.js';
import type { Kernel, StorageType } from './kernel.js';

/** Where bytes live: the device's memory, or the host's. A CPU runtime has only the host. */
export type Place = 'device' | 'host';

/**
 * - `feed`: filled from the caller's data before the steps run.
 * - `constant`: filled once, when the program is loaded.
 * - `variable`: owned by the session's variable store, shared by all its programs.
 * - `random`: u32 pairs; the session writes each random op's stream position before a run.
 * - `strings`: temporary byte strings, on the host: an array of their own, outside the arena, emptied
 *   after each run so that it keeps no data alive.
 * - `temp`: lives in the arena; `slot` names the arena buffer it shares with others in time.
 */
export type BufferRole =
  | { readonly kind: 'feed'; readonly feed: number }
  | { readonly kind: 'constant'; readonly data: NdArray }
  | { readonly kind: 'variable'; readonly variable: number }
  | { readonly kind: 'random' }
  | { readonly kind: 'strings' }
  | { readonly kind: 'temp'; readonly slot: number };

export interface BufferDecl {
  readonly role: BufferRole;
  readonly place: Place;
  /** What the elements mean; int64 on a device is stored as i32, bool as u32, float16 as f32. */
  readonly dtype: DType;
  readonly storage: StorageType;
  readonly shape: StaticShape;
  /** Elements times the storage size, at least one element. A string counts as a reference. */
  readonly byteLength: number;
  /** Node name, for labels and messages. */
  readonly label: string;
}

export type Step =
  /** Runs a kernel; `buffers[i]` is bound at binding i. All are in `place`. */
  | {
      readonly kind: 'kernel';
      readonly place: Place;
      readonly kernel: Kernel;
      readonly buffers: readonly number[];
      readonly nodes: readonly string[];
    }
  /** Copies all elements within one place (snapshots, commits of variables). */
  | { readonly kind: 'copy'; readonly place: Place; readonly from: number; readonly to: number }
  /** Device to host or host to device, converting storage (an int64 widens or narrows, checked). */
  | { readonly kind: 'transfer'; readonly from: number; readonly to: number };

export interface FeedDecl {
  /** Tensor name (`x:0`). */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: StaticShape;
}

export interface VariableDecl {
  /** Store key: container and shared name, or node name. */
  readonly key: string;
  /** Node name, for messages. */
  readonly node: string;
  readonly op: string;
  readonly dtype: DType;
  readonly shape: StaticShape;
  readonly place: Place;
  readonly storage: StorageType;
  /** Whether the run reads the value it finds: it must then be initialised. */
  readonly reads: boolean;
  /** Whether the run leaves a new value. */
  readonly writes: boolean;
}

/** A fetched tensor: in a buffer, known at compile time, or an echo of a feed. */
export type FetchSource =
  | {
      readonly kind: 'buffer';
      readonly buffer: number;
      readonly dtype: DType;
      readonly shape: StaticShape;
    }
  | { readonly kind: 'constant'; readonly data: NdArray }
  /** `shape` differs from the feed's own if the fetched tensor is a reshape of it. */
  | { readonly kind: 'feed'; readonly feed: number; readonly shape: StaticShape };

/** One random op: its stream advances by `advance` counters per run (TensorFlow reserves 256 per value). */
export interface RandomDecl {
  readonly node: string;
  /** False if both seeds are 0: the stream then starts anywhere. */
  readonly seeded: boolean;
  readonly advance: bigint;
}

export interface Program {
  readonly buffers: readonly BufferDecl[];
  readonly steps: readonly Step[];
  readonly feeds: readonly FeedDecl[];
  readonly variables: readonly VariableDecl[];
  readonly fetches: readonly FetchSource[];
  /** Random ops; op i's position is u32 elements 2i (low) and 2i+1 (high) of the `random` buffer. */
  readonly random: readonly RandomDecl[];
  /** Byte length of each arena slot. */
  readonly slots: readonly { readonly byteLength: number; readonly place: Place }[];
}
