/** Between stored elements and the values expressions compute with: they differ for bool alone. */
import { InternalError } from '../../errors.js';
import type { ScalarType } from '../../ir/expr.js';
import { wgslType, type Width } from './wgsl-literal.js';

/** A loaded element as the type it computes in: bool is stored as 0 or 1. */
export function fromStorage(
  raw: string,
  storage: ScalarType,
  type: ScalarType,
  width: Width,
): string {
  if (type === storage) return raw;
  if (type !== 'bool' || storage === 'f32')
    throw new InternalError(`A kernel reads ${storage} storage as ${type}.`);
  return `${raw} != ${wgslType(storage, width)}()`;
}

/** A computed value as it is stored. */
export function toStorage(
  text: string,
  type: ScalarType,
  storage: ScalarType,
  width: Width,
): string {
  if (type === storage) return text;
  if (type !== 'bool' || storage === 'f32')
    throw new InternalError(`A kernel stores ${type} in ${storage} storage.`);
  const of = wgslType(storage, width);
  const one = storage === 'i32' ? '1' : '1u';
  return `select(${of}(), ${of}(${one}), ${text})`;
}
