/** The programs of a session: found by what a run fetches and feeds, or compiled and loaded. */
import { compile } from '../compiler/compile.js';
import type { VariableStates } from '../compiler/variable-versions.js';
import { copyNdArray, type NdArray } from '../graph/dtype.js';
import type { Operation, Tensor } from '../graph/operation.js';
import type { StaticShape } from '../graph/shape.js';
import type { Program } from '../ir/program.js';
import { runProgramSync } from '../runtime/cpu/fold-constants.js';
import type { Runtime } from '../runtime/runtime.js';
import type { FetchPlan } from './fetches.js';
import { ProgramCache, type CachedProgram } from './program-cache.js';

export interface FeedShape {
  readonly tensor: Tensor;
  readonly shape: StaticShape;
}

/** What a program is made for. */
export interface ProgramRequest {
  readonly plan: FetchPlan;
  readonly feeds: readonly FeedShape[];
  /** Value of a feed, if it is at hand; it matters only where it decides a shape. */
  readonly valueOf: (feed: Tensor) => NdArray | undefined;
}

export class Programs {
  readonly #cache: ProgramCache;
  readonly #variables: VariableStates;
  readonly #serial = new Map<Tensor | Operation, number>();

  constructor(limit: number, variables: VariableStates) {
    this.#cache = new ProgramCache(limit);
    this.#variables = variables;
  }

  /** How many are held. */
  get size(): number {
    return this.#cache.size;
  }

  /** A program made earlier that still holds. */
  find(request: ProgramRequest): CachedProgram | undefined {
    return this.#cache.find(this.#signature(request), request.valueOf);
  }

  /**
   * Compiles a program and loads it on the device.
   * @throws what `compile` throws; ResourceExhaustedError if it does not fit the device.
   */
  async make(runtime: Runtime, request: ProgramRequest): Promise<CachedProgram> {
    const { plan, feeds, valueOf } = request;
    const signature = {
      fetches: plan.tensors,
      targets: plan.targets,
      feeds: feeds.map((feed) => feed.tensor),
    };
    const compiled = compile(signature, {
      hasDevice: runtime.caps.kind === 'gpu',
      maxBindings: runtime.caps.maxBindings,
      maxBindingBytes: runtime.caps.maxBindingBytes,
      feedShapes: new Map(feeds.map(({ tensor, shape }) => [tensor, shape])),
      feedValue: valueOf,
      variables: this.#variables,
      evaluate: evaluateConstants,
    });
    const program = { compiled, loaded: await runtime.load(compiled.program) };
    const values = new Map<Tensor, NdArray>();
    for (const feed of compiled.valueFeeds) {
      const value = valueOf(feed);
      if (value) values.set(feed, copyNdArray(value));
    }
    this.#cache.add(this.#signature(request), program, values);
    return program;
  }

  clear(): void {
    this.#cache.clear();
  }

  /** Graph elements are numbered by first use, so a signature is short and needs no names. */
  #signature({ plan, feeds }: ProgramRequest): string {
    const id = (item: Tensor | Operation): number => {
      const known = this.#serial.get(item) ?? this.#serial.size;
      this.#serial.set(item, known);
      return known;
    };
    const fed = feeds.map(({ tensor, shape }) => `${id(tensor)}[${shape.join(',')}]`);
    return `${plan.tensors.map(id).join(',')};${plan.targets.map(id).join(',')};${fed.join(',')}`;
  }
}

/** Fetches of a constant program: from its buffers, or constants that needed no kernel. */
function evaluateConstants(program: Program): (NdArray | null)[] {
  const computed = runProgramSync(program, []);
  return program.fetches.map((fetch, i) =>
    fetch.kind === 'constant' ? fetch.data : (computed[i] ?? null),
  );
}
