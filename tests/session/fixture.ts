/** A graph with a session on it, for the length of one test, on each device. */
import type { Graph } from '../../src/graph/graph.js';
import * as tf from '../../src/index.js';

export const devices = [{ device: 'cpu' }, { device: 'gpu' }] as const;
export type TestDevice = (typeof devices)[number]['device'];

/** Builds a graph, opens a session on it, runs `use`, and closes the session. */
export async function withSession<T>(
  options: Omit<tf.SessionOptions, 'graph'>,
  build: (graph: Graph) => T,
  use: (session: tf.Session, nodes: T) => Promise<void>,
): Promise<void> {
  const graph = new tf.Graph();
  const nodes = graph.asDefault(() => build(graph));
  const session = new tf.Session({ ...options, graph });
  try {
    await use(session, nodes);
  } finally {
    await session.close();
  }
}

export const valuesOf = (array: tf.NdArray | null | undefined): number[] =>
  Array.from((array?.data ?? []) as ArrayLike<number>, Number);

/** The error a promise rejects with; fails if it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<tf.TfError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof tf.TfError) return error;
    throw new Error(`Not an error of this library: ${String(error)}`, { cause: error });
  }
  throw new Error('It was expected to fail.');
}

export const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
