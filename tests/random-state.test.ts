/**
 * Random reads and writes of variables, against an interpreter: fused and op by op, on both
 * devices, with reference and with resource variables.
 */
import type { NdArray } from 'defrun';
import { CpuRuntime } from '../src/runtime/cpu/cpu-runtime.js';
import { GpuRuntime } from '../src/runtime/gpu/device.js';
import type { Runtime } from '../src/runtime/runtime.js';
import {
  buildState,
  interpret,
  randomStateProgram,
  type StateAnswer,
  type StateProgram,
} from './support/random-state.js';
import { CompiledRunner } from './support/run-compiled.js';

const numbers = (array: NdArray): number[] => Array.from(array.data as Float32Array, (v) => v + 0);

async function execute(
  program: StateProgram,
  runner: CompiledRunner,
  useResource: boolean,
): Promise<StateAnswer[]> {
  const { variables, nodes, init } = buildState(program, useResource);
  const answers: StateAnswer[] = [];
  await runner.run({ fetches: [], targets: [init] });
  for (const { fetches, targets } of program.runs) {
    const pick = (at: number) => nodes[at] ?? fail(`there is no statement ${at}`);
    const fetched = await runner.run({
      fetches: fetches.map(pick),
      targets: targets.map((at) => pick(at).op),
    });
    const left = await runner.run({ fetches: variables.map((v) => v.asTensor()) });
    answers.push({ fetched: fetched.map(numbers), variables: left.map(numbers) });
  }
  return answers;
}

const fail = (message: string): never => {
  throw new Error(message);
};

/** Programs of the seeds that answer otherwise than the interpreter. */
async function failures(
  runtime: Runtime,
  seeds: { readonly from: number; readonly count: number },
  fuse: boolean,
): Promise<string[]> {
  const found: string[] = [];
  for (let seed = seeds.from; seed < seeds.from + seeds.count && found.length < 3; seed++) {
    const program = randomStateProgram(seed);
    const runner = new CompiledRunner(runtime, fuse);
    const want = interpret(program);
    const got = await execute(program, runner, seed % 2 === 1);
    runner.close();
    const wrong = got.findIndex(
      (answer, run) => JSON.stringify(answer) !== JSON.stringify(want[run]),
    );
    if (wrong >= 0)
      found.push(
        [
          `seed ${seed}, run ${wrong}: ${JSON.stringify(got[wrong])} is not ${JSON.stringify(want[wrong])}`,
          ...program.statements.map((s, i) => `  ${i}: ${JSON.stringify(s)}`),
          `  ${JSON.stringify(program.runs)}`,
        ].join('\n'),
      );
  }
  return found;
}

describe('random programs over variables', () => {
  const cpu = new CpuRuntime();
  afterAll(() => cpu.close());

  it('mean what the interpreter says, fused', async () => {
    expect(await failures(cpu, { from: 0, count: 400 }, true)).toEqual([]);
  });

  it('mean what the interpreter says, op by op', async () => {
    expect(await failures(cpu, { from: 1000, count: 200 }, false)).toEqual([]);
  });

  it('mean what the interpreter says on the GPU', async () => {
    const gpu = await GpuRuntime.create({});
    try {
      expect(await failures(gpu, { from: 2000, count: 25 }, true)).toEqual([]);
    } finally {
      await gpu.close();
    }
  }, 120_000);
});
