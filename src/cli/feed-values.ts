/** `--feed NAME=VALUE`: where a value comes from (file, literal, stdin) and what array it makes. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { TfError } from '../errors.js';
import type { NdArray } from '../graph/dtype.js';
import type { Tensor } from '../graph/operation.js';
import { formatShape, formatTuple, isCompatible } from '../graph/shape.js';
import { parseNpy } from '../data/npy.js';
import { convertArray } from './convert-array.js';
import {
  CliError,
  inputError,
  isFileError,
  messageOf,
  shortened,
  usageError,
} from './exit-codes.js';
import { namedInput, type LoadedGraph } from './graph-file.js';
import { imageFeed } from './image-feed.js';
import { decodeImage } from './images.js';
import { inFolder, readStdin, type CliIo } from './io.js';
import { arrayOfJson, parseJson } from './json-values.js';

export interface FeedOptions {
  /** Factor on image values; undefined takes the default of the placeholder's dtype. */
  readonly imageScale?: number | undefined;
  readonly signal: AbortSignal;
}

export interface NamedFeed {
  readonly tensor: Tensor;
  readonly array: NdArray;
}

const imageExtensions = new Set(['.png', '.jpg', '.jpeg']);
const encoder = new TextEncoder();

/** `name=value` apart. @throws CliError (usage) without a name or a `=`. */
export function splitFeed(argument: string): { readonly name: string; readonly value: string } {
  const at = argument.indexOf('=');
  if (at < 1)
    throw usageError(
      `--feed ${shortened(argument)}: expected NAME=VALUE, such as x=image.png, x=x.npy or x=[1,2,3].`,
    );
  return { name: argument.slice(0, at), value: argument.slice(at + 1) };
}

/**
 * Arrays of all `--feed` arguments, checked against the placeholders.
 * @throws CliError: usage for unknown or repeated names, bad input for all that is wrong with a value.
 */
export async function readFeeds(
  loaded: LoadedGraph,
  feedArguments: readonly string[],
  io: CliIo,
  options: FeedOptions,
): Promise<NamedFeed[]> {
  const parsed = feedArguments.map(splitFeed);
  const fromStdin = parsed.filter(({ value }) => value === '-');
  if (fromStdin.length > 1) throw usageError('Only one --feed can be read from stdin (-).');
  const feeds: NamedFeed[] = [];
  const seen = new Set<Tensor>();
  for (const { name, value } of parsed) {
    const tensor = namedInput(loaded, name, '--feed');
    if (seen.has(tensor)) throw usageError(`--feed: '${tensor.name}' is given twice.`);
    seen.add(tensor);
    feeds.push({ tensor, array: await readFeed(tensor, name, value, io, options) });
  }
  return feeds;
}

async function readFeed(
  tensor: Tensor,
  name: string,
  value: string,
  io: CliIo,
  options: FeedOptions,
): Promise<NdArray> {
  try {
    const array = await valueOf(tensor, value, io, options);
    if (isCompatible(tensor.shape, array.shape)) return array;
    throw inputError(
      `its shape is ${formatTuple(array.shape)}, but the placeholder takes ${tensor.dtype} ${formatShape(tensor.shape)}`,
    );
  } catch (error) {
    if (options.signal.aborted) throw error;
    const isExpected = error instanceof TfError || error instanceof CliError || isFileError(error);
    if (!isExpected) throw error;
    throw inputError(`--feed ${shortened(name)}=${shortened(value)}: ${reasonOf(error)}`, error);
  }
}

const reasonOf = (error: unknown): string =>
  isFileError(error) && error.code === 'ENOENT' ? 'no such file' : messageOf(error);

async function valueOf(
  tensor: Tensor,
  value: string,
  io: CliIo,
  options: FeedOptions,
): Promise<NdArray> {
  const { dtype } = tensor;
  if (value === '-') return arrayOfJson(parseJson(await readStdin(io, options.signal)), dtype);
  const extension = extname(value).toLowerCase();
  if (imageExtensions.has(extension)) return imageValue(tensor, value, io, options);
  if (extension === '.npy')
    return convertArray(parseNpy(await readFile(inFolder(io, value))), dtype);
  if (extension === '.json')
    return arrayOfJson(parseJson(await readFile(inFolder(io, value), 'utf8')), dtype);
  return literalValue(tensor, value);
}

async function imageValue(
  tensor: Tensor,
  path: string,
  io: CliIo,
  { imageScale }: FeedOptions,
): Promise<NdArray> {
  const bytes = await readFile(inFolder(io, path));
  // A graph that decodes images itself takes the file as it is.
  if (tensor.dtype === 'string')
    return { dtype: 'string', shape: [], data: [new Uint8Array(bytes)] };
  return imageFeed(await decodeImage(bytes), tensor, imageScale);
}

function literalValue(tensor: Tensor, text: string): NdArray {
  const { dtype } = tensor;
  const looksNested = /^\s*["[{]/.test(text);
  if (dtype === 'string' && !looksNested) return { dtype, shape: [], data: [encoder.encode(text)] };
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw inputError(
      'it is neither a .npy, .json, .png or .jpg file, nor a number or JSON array. ' +
        'Examples: 3.5, [1,2,3], [[0.1,0.2],[0.3,0.4]], x.npy.',
      cause,
    );
  }
  return arrayOfJson(value, dtype);
}
