/** Exit codes of the command line, and which error ends in which. */
import {
  CancelledError,
  DeadlineExceededError,
  InternalError,
  TfError,
  UnavailableError,
} from '../errors.js';

export const exitCodes = {
  ok: 0,
  /** A defect, or something the machine did. */
  unexpected: 1,
  /** Bad flags, unknown names. */
  usage: 2,
  /** A file or a value that cannot be read, or does not fit. */
  badInput: 3,
  /** The graph cannot run: unsupported op, shape error, unfed placeholder, too large. */
  cannotRun: 4,
  noDevice: 5,
  timeout: 124,
  interrupted: 130,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** An error that knows how the process should end. The message is all the user sees. */
export class CliError extends Error {
  constructor(
    readonly exitCode: ExitCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = 'CliError';
  }
}

export const usageError = (message: string): CliError => new CliError(exitCodes.usage, message);
export const inputError = (message: string, cause?: unknown): CliError =>
  new CliError(exitCodes.badInput, message, { cause });

export const messageOf = (error: unknown): string =>
  typeof error === 'object' && error !== null && 'message' in error
    ? String(error.message)
    : String(error);

/** An argument as messages quote it: people give whole tensors on the command line. */
export const shortened = (text: string): string =>
  text.length > 60 ? `${text.slice(0, 57)}...` : text;

/** An error of the file system: it names the system call that failed. */
export const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  typeof error === 'object' && error !== null && 'syscall' in error;

/** Code for an error no stage has claimed. */
export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof CliError) return error.exitCode;
  if (error instanceof UnavailableError) return exitCodes.noDevice;
  if (error instanceof DeadlineExceededError) return exitCodes.timeout;
  if (error instanceof CancelledError) return exitCodes.interrupted;
  if (error instanceof InternalError) return exitCodes.unexpected;
  if (error instanceof TfError) return exitCodes.cannotRun;
  const isTooLarge =
    error instanceof RangeError && /allocation|array length|memory/i.test(error.message);
  return isTooLarge ? exitCodes.cannotRun : exitCodes.unexpected;
}
