/** The workloads: their sizes, and the data both peers compute on. */

export const net = { examples: 64, width: 1000, hidden: 100, learningRate: 1 };
export const matmulSize = 512;
export const chainLength = 2 ** 20;
export const tinyOps = { count: 200, shape: [1, 16] as const };
export const embedding = { words: 50_000, width: 64, tokens: 1024, learningRate: 1 };
export const mlpSizes = [32, 64, 64, 10] as const;

export const workloadNames = [
  'training step',
  'matmul 512',
  'chain of 12',
  'tiny ops',
  'tiny ops, fed',
  'mlp',
  'embedding',
] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** Floating-point operations of a call, where they are what counts. */
export const operationsOf: Partial<Record<WorkloadName, number>> = {
  'training step': 10 * net.examples * net.width * net.hidden,
  'matmul 512': 2 * matmulSize ** 3,
};

/** What numbers of the two peers may differ by, relative to the larger of them and 1e-3. */
export const tolerance = 2e-4;

/** Values in [-scale, scale], the same for the same seed. */
export function randomData(length: number, seed: number, scale = 1): Float32Array {
  const data = new Float32Array(length);
  let state = seed >>> 0;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    data[i] = scale * (state / 2 ** 31 - 1);
  }
  return data;
}

/** Indices below `limit`, small ones more often, as words are in text. */
export const randomIndices = (length: number, limit: number, seed: number): Int32Array =>
  Int32Array.from(randomData(length, seed), (x) => Math.floor(limit * Math.abs(x) ** 3));

/** Glorot-like weights of a dense layer. */
export const weights = (inputs: number, units: number, seed: number): Float32Array =>
  randomData(inputs * units, seed, Math.sqrt(6 / (inputs + units)));

/** One call of a workload; gives the numbers it read back. */
export type Call = () => Promise<ArrayLike<number>>;

/** A framework under test, in a process of its own. */
export interface Peer {
  readonly adapter: string;
  readonly workloads: Readonly<Record<WorkloadName, () => Call | Promise<Call>>>;
}
