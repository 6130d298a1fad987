/**
 * Runs a whole program at once, synchronously: how the compiler computes what it knows already.
 * For programs without variables or random state.
 */
import { InternalError } from '../../errors.js';
import type { NdArray } from '../../graph/dtype.js';
import type { Program } from '../../ir/program.js';
import { decode } from '../../ir/storage.js';
import { allocateProgram, arrayAt, bindFeeds, copyArray, transferArray } from './program-memory.js';
import { compileHostKernel } from './run-kernel.js';

/**
 * @param feeds one array per feed of the program.
 * @returns one array per fetch.
 * @throws InternalError if the program uses variables or random streams.
 */
export function runProgramSync(program: Program, feeds: readonly NdArray[]): (NdArray | null)[] {
  if (program.variables.length > 0 || program.random.length > 0)
    throw new InternalError('A program with variables or random ops cannot be folded.');
  const { arrays } = allocateProgram(program);
  bindFeeds(program, arrays, feeds);
  for (const step of program.steps) {
    if (step.kind === 'kernel') {
      compileHostKernel(step.kernel).run(step.buffers.map((buffer) => arrayAt(arrays, buffer)));
      continue;
    }
    const from = arrayAt(arrays, step.from);
    const to = arrayAt(arrays, step.to);
    const decl = program.buffers[step.to];
    if (step.kind === 'copy' || decl === undefined) copyArray(from, to);
    else transferArray(from, to, decl);
  }
  return program.fetches.map((fetch) => {
    switch (fetch.kind) {
      case 'buffer':
        return decode(arrayAt(arrays, fetch.buffer), fetch.dtype, fetch.shape);
      case 'constant':
        return fetch.data;
      case 'feed': {
        const fed = feeds[fetch.feed];
        return fed === undefined ? null : { ...fed, shape: fetch.shape };
      }
    }
  });
}
