/** Option values shared by commands, checked as they are read. */
import { InvalidArgumentError as BadOption, Option } from 'commander';
import type { Device } from '../session/device-choice.js';

export type DeviceName = Device;

/** Collects a repeatable option. */
export const gather = (value: string, earlier: readonly string[] = []): readonly string[] => [
  ...earlier,
  value,
];

export const deviceOption = (description: string): Option =>
  new Option('--device <kind>', description).choices(['auto', 'gpu', 'cpu']).default('auto');

/** Longest time a timer takes. */
const maxMilliseconds = 2 ** 31 - 1;

export function parseMilliseconds(text: string): number {
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0 || value > maxMilliseconds)
    throw new BadOption('Expected a number of milliseconds above 0.');
  return value;
}

/** A number, or a quotient of two such as 1/255. */
export function parseScale(text: string): number {
  const parts = /^(-?[\d.]+(?:e-?\d+)?)(?:\/([\d.]+))?$/i.exec(text);
  const value = Number(parts?.[1]) / Number(parts?.[2] ?? 1);
  if (!Number.isFinite(value))
    throw new BadOption('Expected a number or a quotient such as 1/255.');
  return value;
}

export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** `x=1,784` -> name and shape. `x=` is a scalar. */
export function parseShape(text: string): NamedShape {
  const parts = /^([^=]+)=\[?((?:\d+(?:,\d+)*)?)\]?$/.exec(text);
  const shape = (parts?.[2] ?? '').split(',').filter(Boolean).map(Number);
  if (parts?.[1] === undefined || !shape.every(Number.isSafeInteger))
    throw new BadOption('Expected NAME=SIZES, such as x=1,784 (x= for a scalar).');
  return { name: parts[1], shape };
}

export const gatherShapes = (
  value: string,
  earlier: readonly NamedShape[] = [],
): readonly NamedShape[] => [...earlier, parseShape(value)];
