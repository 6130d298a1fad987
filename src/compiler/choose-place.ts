/** Where an op runs, if there is a device: there, unless its types or its smallness say otherwise. */
import type { DType } from '../graph/dtype.js';
import { elementCount, type StaticShape } from '../graph/shape.js';
import type { Place } from '../ir/program.js';
import { storageOf } from '../ir/storage.js';
import type { AnyOpDef } from '../ops/op-def.js';
import { constantOf, type ValueLookup } from './context.js';

/** Integer work on so few elements is done exactly on the host when its inputs are there. */
const maxHostElements = 4096;

/**
 * 64-bit floats and unsigned integers are computed on the host, int64 where its operands are.
 *
 * @param inputs value ids; negative for a state input that is not read.
 * @param outputs dtypes of the outputs, `shapes` their shapes.
 */
export function choosePlace(
  def: AnyOpDef,
  inputs: readonly number[],
  outputs: readonly DType[],
  shapes: readonly StaticShape[],
  lookup: ValueLookup,
): Place {
  if (def.lower.kind === 'alias') return lookup(lookup(inputs[0] as number).base).place;
  const read = inputs.filter((id) => id >= 0).map(lookup);
  const dtypes = [...read.map((value) => value.dtype), ...outputs];
  if (dtypes.some((dtype) => storageOf(dtype, 'device') === undefined)) return 'host';
  if (!dtypes.includes('int64')) return 'device';
  const moving = read.filter((value) => constantOf(value, lookup) === null);
  if (moving.some((value) => lookup(value.base).place === 'device')) return 'device';
  if (outputs.some((dtype) => dtype === 'int64')) return 'host';
  const elements = [...moving.map((v) => v.shape), ...shapes].reduce(
    (n, s) => n + elementCount(s),
    0,
  );
  return elements <= maxHostElements ? 'host' : 'device';
}
