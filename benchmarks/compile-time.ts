/**
 * What drivers take to compile what functions become, one JSON line per function: the source of the
 * sizes in `src/ir/code-size.ts`. A kernel sums so many of the function, each of another argument,
 * on four lanes; the first run is counted too, since llvmpipe compiles then. Processor time of this
 * process, so that other load does not count; only software drivers compile in it.
 *
 *   MESA_SHADER_CACHE_DISABLE=true npm run compile-time -- [FUNCTION]
 */
import { codeSize } from '../src/ir/code-size.js';
import {
  add,
  binary,
  call,
  cast,
  constant,
  index,
  mul,
  unary,
  type BinaryFn,
  type Expr,
  type UnaryFn,
} from '../src/ir/expr.js';
import type { MapKernel } from '../src/ir/kernel.js';
import type { Program } from '../src/ir/program.js';
import { GpuRuntime } from '../src/runtime/gpu/device.js';
import { printLine, rounded } from './timing.js';

const counts = [1, 8, 24] as const;
const length = 1024;
const shape = [length];

const unaries: readonly UnaryFn[] = [
  ...(['abs', 'sign', 'round', 'sqrt', 'exp', 'expm1', 'log', 'log1p', 'sin', 'cos'] as const),
  ...(['tan', 'asin', 'acos', 'atan', 'sinh', 'cosh', 'tanh', 'asinh', 'acosh'] as const),
  ...(['atanh', 'sigmoid', 'softplus', 'erf', 'erfc', 'roundF16', 'roundBf16'] as const),
];
const binaries: readonly BinaryFn[] = ['max', 'div', 'pow', 'atan2', 'mod'];
const u32 = (value: number): Expr => constant('u32', value);

const functions: Readonly<Record<string, (x: Expr) => Expr>> = {
  add: (x) => mul(x, x),
  ...Object.fromEntries(unaries.map((fn) => [fn, (x: Expr) => unary(fn, x)])),
  ...Object.fromEntries(
    binaries.map((fn) => [fn, (x: Expr) => binary(fn, x, constant('f32', 2.5))]),
  ),
  cast: (x) => cast('f32', cast('i32', x)),
  'integer pow': (x) => cast('f32', binary('pow', cast('i32', x), constant('i32', 7))),
  philox: (x) => cast('f32', call('philox', [cast('u32', x), ...[1, 2, 3, 4, 5, 6].map(u32)])),
};

let salt = 0;

function kernelOf(fn: (x: Expr) => Expr, count: number): MapKernel {
  const x: Expr = { kind: 'read', type: 'f32', binding: 0, at: index(0) };
  const value = Array.from({ length: count }).reduce<Expr>(
    (sum) => add(sum, fn(add(x, constant('f32', 0.37 * ++salt)))),
    x,
  );
  return {
    kind: 'map',
    label: 'sum',
    shape,
    bindings: [
      { access: 'read', storage: 'f32', length },
      { access: 'read_write', storage: 'f32', length },
    ],
    stores: [{ binding: 1, at: index(0), value }],
  };
}

const programOf = (kernel: MapKernel): Program => {
  const data = { place: 'device', dtype: 'float32', storage: 'f32', shape } as const;
  const byteLength = 4 * length;
  return {
    buffers: [
      { ...data, role: { kind: 'feed', feed: 0 }, byteLength, label: 'x' },
      { ...data, role: { kind: 'temp', slot: 0 }, byteLength, label: 'y' },
    ],
    steps: [{ kind: 'kernel', place: 'device', kernel, buffers: [0, 1], nodes: ['sum'] }],
    feeds: [{ name: 'x:0', dtype: 'float32', shape }],
    fetches: [{ kind: 'buffer', buffer: 1, dtype: 'float32', shape }],
    slots: [{ byteLength, place: 'device' }],
    variables: [],
    random: [],
  };
};

async function compileMs(runtime: GpuRuntime, kernel: MapKernel): Promise<number> {
  const before = process.cpuUsage();
  const loaded = await runtime.load(programOf(kernel));
  const feeds = [{ dtype: 'float32' as const, shape, data: new Float32Array(length) }];
  await loaded.run({ feeds, variables: [], random: [] });
  const { user, system } = process.cpuUsage(before);
  loaded.dispose();
  return (user + system) / 1000;
}

const runtime = await GpuRuntime.create();
await compileMs(
  runtime,
  kernelOf((x) => x, 1),
);
for (const [name, fn] of Object.entries(functions)) {
  if (!name.includes(process.argv[2] ?? '')) continue;
  const x = constant('f32', 1);
  const millis: number[] = [];
  for (const count of counts) millis.push(rounded(await compileMs(runtime, kernelOf(fn, count))));
  const perCall = rounded(((millis.at(-1) ?? 0) - (millis[0] ?? 0)) / 23);
  const size = codeSize([fn(x)]) - codeSize([x]);
  printLine({ function: name, counts, millis, perCall, size, adapter: runtime.description });
}
await runtime.close();
