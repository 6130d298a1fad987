/** Options of the user functions over sliding windows. */
import { ValueError } from '../../errors.js';
import { describeValue } from '../../graph/describe-value.js';
import { checkedList } from '../../graph/options.js';
import { inFormat, type DataFormat } from './window.js';

/** `SAME`, `VALID`, or what to add: one [before, after] pair per axis, in data format order. */
export type PaddingOption = 'SAME' | 'VALID' | readonly (readonly [number, number])[];

export interface PoolOptions {
  /** Window: one number for height and width, [height, width], or one number per axis. */
  readonly ksize: number | readonly number[];
  /** Steps of the window, given as `ksize` is. */
  readonly strides: number | readonly number[];
  readonly padding: PaddingOption;
  readonly dataFormat?: DataFormat;
  readonly name?: string;
}

export const poolOptions = {
  ksize: 'any',
  strides: 'any',
  padding: 'any',
  dataFormat: 'string',
  name: 'string',
} as const;

/** Four values in data format order from one, two (height and width) or four. */
export function perAxis(
  option: string,
  value: number | readonly number[],
  format: DataFormat,
): readonly number[] {
  if (typeof value === 'number') return inFormat(format, 1, value, value, 1);
  const { length } = checkedList(option, option, value);
  if (![1, 2, 4].includes(length))
    throw new ValueError(
      `${option} should be of length 1, 2 or 4 but was ${length}: ${describeValue(value)}.`,
    );
  const [height = 1, width = height] = value;
  return length <= 2 ? inFormat(format, 1, height, width, 1) : value;
}

/** `padding` and `explicit_paddings` attrs; the second is left out where it is empty. */
export const paddingAttrs = (
  padding: PaddingOption,
): { readonly padding: string; readonly explicit_paddings?: readonly number[] } =>
  Array.isArray(padding)
    ? { padding: 'EXPLICIT', explicit_paddings: (padding as readonly (readonly number[])[]).flat() }
    : { padding: padding as string };
