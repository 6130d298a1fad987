/**
 * Ops on complex tensors against real TensorFlow's answers on complex128
 * (`complex_reference.py` recorded them): values, and first and second gradients.
 */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from '@jest/globals';
import { convertToTensor } from '../../src/graph/add-node.js';
import { graphBuilder } from '../../src/graph/builder.js';
import type { DType, NdArray } from '../../src/graph/dtype.js';
import { gradients } from '../../src/graph/gradients.js';
import { toNdArray } from '../../src/graph/nd-array.js';
import type { Tensor } from '../../src/graph/operation.js';
import { openDevice, type OpenDevice } from '../../src/session/device-choice.js';
import { withSession } from '../session/fixture.js';

interface Stored {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Case {
  readonly op: string;
  readonly out: number;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: readonly (Stored | readonly Stored[])[];
  readonly output: Stored;
  readonly dy?: Stored;
  readonly dx?: readonly (Stored | null)[];
  readonly v?: readonly Stored[];
  readonly ddx?: readonly (Stored | null)[];
}
type Width = 'complex64' | 'complex128';

const file = new URL('./complex-reference.json.gz', import.meta.url);
const cases = JSON.parse(gunzipSync(readFileSync(file)).toString()) as readonly Case[];

const single: Readonly<Record<string, DType>> = { complex128: 'complex64', float64: 'float32' };
const dtypeAs = (dtype: DType, width: Width): DType =>
  width === 'complex64' ? (single[dtype] ?? dtype) : dtype;

function arrayOf({ dtype, shape, data }: Stored, width: Width): NdArray {
  const as = dtypeAs(dtype, width);
  if (!as.startsWith('complex')) return toNdArray([...data], { dtype: as, shape });
  const values = as === 'complex64' ? Float32Array.from(data) : Float64Array.from(data);
  return { dtype: as, shape, data: values } as NdArray;
}

const isData = ({ dtype }: Stored): boolean => dtype === 'complex128' || dtype === 'float64';

interface Built {
  readonly fetches: readonly Tensor[];
  readonly wanted: readonly Stored[];
  readonly feeds: ReadonlyMap<Tensor, NdArray>;
}

/** The op, its gradients and theirs, and what each should be. */
function build(of: Case, width: Width): Built {
  const b = graphBuilder();
  const feeds = new Map<Tensor, NdArray>();
  const input = (stored: Stored): Tensor => {
    const array = arrayOf(stored, width);
    if (!isData(stored)) return convertToTensor(array);
    const x = b.op('Placeholder', [], { dtype: array.dtype, shape: array.shape });
    feeds.set(x, array);
    return x;
  };
  const attrs = Object.fromEntries(
    Object.entries(of.attrs).map(([name, value]) => [
      name,
      typeof value === 'string' ? dtypeAs(value as DType, width) : value,
    ]),
  );
  const inputs = of.inputs.map((given) =>
    Array.isArray(given) ? (given as Stored[]).map(input) : input(given as Stored),
  );
  const y = b.ops(of.op, inputs, attrs)[of.out] as Tensor;
  const xs = [...feeds.keys()];
  const fetches: Tensor[] = [y];
  const wanted: Stored[] = [of.output];
  const add = (tensors: readonly (Tensor | null)[], want: readonly (Stored | null)[]): void => {
    expect(tensors.map((t) => t === null)).toEqual(want.map((t) => t === null));
    fetches.push(...tensors.filter((t) => t !== null));
    wanted.push(...want.filter((t) => t !== null));
  };
  if (of.dy === undefined || of.dx === undefined) return { fetches, wanted, feeds };
  const dxs = gradients([y], xs, { gradYs: [convertToTensor(arrayOf(of.dy, width))] });
  add(dxs, of.dx);
  if (of.v === undefined || of.ddx === undefined) return { fetches, wanted, feeds };
  const gradYs = of.v.map((v) => convertToTensor(arrayOf(v, width)));
  add(
    gradients(
      dxs.filter((t) => t !== null),
      xs,
      { gradYs },
    ),
    of.ddx,
  );
  return { fetches, wanted, feeds };
}

/** Largest difference in units of what the values' size allows. */
function expectNear(got: NdArray | null | undefined, want: Stored, digits: number): void {
  const size = Math.max(1, ...want.data.map(Math.abs));
  const values = Array.from((got?.data ?? []) as Float64Array, Number);
  expect(got?.shape).toEqual(want.shape);
  expect(values.length).toBe(want.data.length);
  const worst = values.map((v, i) => {
    const error = Math.abs(v - (want.data[i] ?? 0));
    return error / (size * 0.1 + Math.abs(want.data[i] ?? 0));
  });
  const most = Math.max(0, ...worst);
  if (!(most <= 10 ** -digits))
    expect({ values, error: most }).toEqual({ values: want.data, error: 0 });
}

// float32 keeps 7 digits, of which cancellation in a formula of several terms costs two; float64 15.
const settings = [
  { device: 'cpu', width: 'complex128', digits: 11 },
  { device: 'cpu', width: 'complex64', digits: 4.7 },
  { device: 'gpu', width: 'complex64', digits: 4 },
] as const;

describe.each(settings)('on $width on the $device', ({ device: name, width, digits }) => {
  let opened: Promise<OpenDevice> | undefined;
  afterAll(async () => {
    await (await opened)?.close();
  });
  it.each(cases.map((of, i) => [`${i} ${of.op} ${JSON.stringify(of.attrs)}`, of] as const))(
    'agrees with TensorFlow: %s',
    async (_, of) => {
      const device = await (opened ??= openDevice(name));
      await withSession(
        { device },
        () => build(of, width),
        async (session, { fetches, wanted, feeds }) => {
          const got = await session.run(fetches, feeds);
          for (const [i, want] of wanted.entries()) expectNear(got[i], want, digits);
        },
      );
    },
  );
});
