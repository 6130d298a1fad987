/** Compiles and runs graphs without a session: the way to the compiler's options, on one device. */
import { compile } from '../../src/compiler/compile.js';
import type { NdArray } from '../../src/graph/dtype.js';
import type { Operation, Tensor } from '../../src/graph/operation.js';
import { runProgramSync } from '../../src/runtime/cpu/fold-constants.js';
import type { Runtime } from '../../src/runtime/runtime.js';
import { VariableStore } from '../../src/session/variable-store.js';

export interface CompiledRun {
  readonly fetches: readonly Tensor[];
  readonly targets?: readonly Operation[];
  readonly feeds?: ReadonlyMap<Tensor, NdArray>;
}

/** A device with variables of its own, and fusion on or off. */
export class CompiledRunner {
  readonly #variables = new VariableStore();

  constructor(
    readonly runtime: Runtime,
    readonly fuse: boolean,
  ) {}

  /** Values of the fetches. Each call compiles anew. */
  async run({ fetches, targets = [], feeds = new Map() }: CompiledRun): Promise<NdArray[]> {
    const { caps } = this.runtime;
    const { program } = compile(
      { fetches, targets, feeds: [...feeds.keys()] },
      {
        hasDevice: caps.kind === 'gpu',
        maxBindings: caps.maxBindings,
        maxBindingBytes: caps.maxBindingBytes,
        feedShapes: new Map([...feeds].map(([tensor, array]) => [tensor, array.shape])),
        feedValue: (feed) => feeds.get(feed),
        variables: this.#variables,
        evaluate: (constant) => {
          const computed = runProgramSync(constant, []);
          return constant.fetches.map((f, i) =>
            f.kind === 'constant' ? f.data : (computed[i] ?? null),
          );
        },
        fuse: this.fuse,
      },
    );
    const loaded = await this.runtime.load(program);
    try {
      const { buffers } = this.#variables.bind(program, this.runtime);
      const request = { feeds: [...feeds.values()], variables: buffers, random: [] };
      const { fetched } = await loaded.run(request);
      return program.fetches.map((fetch, i) => {
        if (fetch.kind === 'constant') return fetch.data;
        const fed = fetch.kind === 'feed' ? request.feeds[fetch.feed] : undefined;
        const array = fetch.kind === 'feed' ? fed && { ...fed, shape: fetch.shape } : fetched[i];
        if (!array) throw new Error(`fetch ${i} brought nothing back`);
        return array;
      });
    } finally {
      loaded.dispose();
    }
  }

  close(): void {
    this.#variables.destroy();
  }
}
