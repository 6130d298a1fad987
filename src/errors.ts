/**
 * Error classes, named and numbered as TensorFlow's canonical codes.
 *
 * Every message says where (node, op), the rule, what came, and what to do. Classes are told apart
 * by `name` and `code`; `node` and `op` name the graph node a failure belongs to, where there is one.
 */

/** Canonical codes (`tensorflow/core/protobuf/error_codes.proto`). */
export const errorCodes = {
  CancelledError: 1,
  UnknownError: 2,
  InvalidArgumentError: 3,
  DeadlineExceededError: 4,
  NotFoundError: 5,
  AlreadyExistsError: 6,
  ResourceExhaustedError: 8,
  FailedPreconditionError: 9,
  AbortedError: 10,
  OutOfRangeError: 11,
  UnimplementedError: 12,
  InternalError: 13,
  UnavailableError: 14,
  DataLossError: 15,
} as const;

/** What an error belongs to and what lies beneath it. */
export interface ErrorContext {
  /** Name of the graph node the error belongs to. */
  readonly node?: string | undefined;
  /** Op type of that node. */
  readonly op?: string | undefined;
  readonly cause?: unknown;
}

/**
 * Base of every error defrun throws on purpose.
 *
 * @example
 * try {
 *   await session.run(loss, feeds);
 * } catch (error) {
 *   if (error instanceof TfError) console.error(error.name, error.node, error.message);
 * }
 */
export class TfError extends Error {
  /** Name of the graph node it belongs to, if any. */
  readonly node: string | undefined;
  /** Op type of that node. */
  readonly op: string | undefined;

  /** @param code canonical code, or null for errors TensorFlow raises as plain Python errors. */
  constructor(
    readonly code: number | null,
    message: string,
    context: ErrorContext = {},
  ) {
    super(message, context.cause === undefined ? undefined : { cause: context.cause });
    this.name = new.target.name;
    this.node = context.node;
    this.op = context.op;
  }
}

/** A run's `signal` was aborted. */
export class CancelledError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.CancelledError, message, context);
  }
}
/** Shapes that clash in a run, a placeholder without a value, a graph that contradicts itself. */
export class InvalidArgumentError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.InvalidArgumentError, message, context);
  }
}
/** A run took longer than its `timeoutMs`. */
export class DeadlineExceededError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.DeadlineExceededError, message, context);
  }
}
/** A name the graph lacks (near ones are suggested), or a file that is not there. */
export class NotFoundError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.NotFoundError, message, context);
  }
}
/** A tensor larger than the device allows, or no memory left. */
export class ResourceExhaustedError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.ResourceExhaustedError, message, context);
  }
}
/** A variable is read that has no value: run its initializer. */
export class FailedPreconditionError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.FailedPreconditionError, message, context);
  }
}
/** An op type, or a dtype on a device, that defrun does not compute. */
export class UnimplementedError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.UnimplementedError, message, context);
  }
}
/** A defect of defrun or of a driver: report it. */
export class InternalError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.InternalError, message, context);
  }
}
/** No adapter, a lost device, or an optional package that is missing. */
export class UnavailableError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.UnavailableError, message, context);
  }
}
/** A file that is cut off or damaged. */
export class DataLossError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(errorCodes.DataLossError, message, context);
  }
}

/** Wrong value given by the caller while building or naming things (Python's ValueError). */
export class ValueError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(null, message, context);
  }
}
/** Wrong type given by the caller (Python's TypeError). Not JavaScript's TypeError. */
export class DTypeError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(null, message, context);
    this.name = 'TypeError';
  }
}
/** No gradient is defined for an op (Python's LookupError). */
export class LookupError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(null, message, context);
  }
}
/** Misuse of a lifetime: closed session, finalized graph (Python's RuntimeError). */
export class RuntimeError extends TfError {
  constructor(message: string, context?: ErrorContext) {
    super(null, message, context);
  }
}

/** Unreachable by types; reached only if a union grew and a switch did not. */
export function assertNever(value: never, where: string): never {
  throw new InternalError(`${where}: unhandled case ${JSON.stringify(value)}`);
}
