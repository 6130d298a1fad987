/** The child's side: prepares, checks and times workloads as the parent asks. */
import { sampleFor } from './timing.js';
import type { Call, Peer, WorkloadName } from './workloads.js';

export type PeerRequest =
  | { readonly kind: 'prepare'; readonly workload: WorkloadName }
  | { readonly kind: 'time'; readonly workload: WorkloadName; readonly budgetMs: number };

export type PeerAnswer =
  | { readonly kind: 'ready'; readonly adapter: string }
  /** What the first calls read, and how long building, compiling and the first call took. */
  | { readonly kind: 'prepared'; readonly values: readonly number[]; readonly firstMs: number }
  | { readonly kind: 'timed'; readonly samples: readonly number[] }
  | { readonly kind: 'failed'; readonly message: string };

/** Calls whose values are compared: a training step's show whether the weights were updated. */
const checkedCalls = 3;
const warmUpCalls = 3;
const leastSamples = 3;

/** Answers the parent's requests, one after another, until it disconnects. */
export function serve(peer: Peer): void {
  const calls = new Map<WorkloadName, Call>();
  const answer = (message: PeerAnswer): void => void process.send?.(message);

  const prepare = async (workload: WorkloadName): Promise<PeerAnswer> => {
    const begin = performance.now();
    const call = await peer.workloads[workload]();
    calls.set(workload, call);
    const values = [...Array.from(await call())];
    const firstMs = performance.now() - begin;
    for (let i = 1; i < checkedCalls; i++) values.push(...Array.from(await call()));
    for (let i = 0; i < warmUpCalls; i++) await call();
    return { kind: 'prepared', values, firstMs };
  };

  const handle = async (request: PeerRequest): Promise<PeerAnswer> => {
    if (request.kind === 'prepare') return prepare(request.workload);
    const call = calls.get(request.workload);
    if (call === undefined) throw new Error(`'${request.workload}' was not prepared.`);
    return { kind: 'timed', samples: await sampleFor(request.budgetMs, leastSamples, call) };
  };

  process.on('message', (request: PeerRequest) => {
    handle(request).then(answer, (error: unknown) => {
      const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
      answer({ kind: 'failed', message });
    });
  });
  process.on('disconnect', () => process.exit(0));
  answer({ kind: 'ready', adapter: peer.adapter });
}
