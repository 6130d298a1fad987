/**
 * Messages <-> bytes, by reflection over the checked-in descriptor. Byte fields are views on the
 * input, 64-bit fields stay exact, and fields unknown to the descriptor are written back.
 */
import protobuf from 'protobufjs/light.js';
import { DataLossError, InvalidArgumentError } from '../errors.js';
import { descriptor } from './descriptor.js';
import { int64ToNumber, type Int64, type MessageOf } from './messages.js';

const root = protobuf.Root.fromJSON(descriptor);
root.resolveAll();

/** Reflected message type by its name in package `tensorflow`, such as `NodeDef.ExperimentalDebugInfo`. */
export const messageType = (name: string): protobuf.Type => root.lookupType(`tensorflow.${name}`);

type LongReader = 'int64' | 'uint64' | 'fixed64';

/** A reader that gives 64-bit fields as numbers where exact and keeps unknown fields. */
function exactReader(bytes: Uint8Array): protobuf.Reader {
  const reader = new protobuf.Reader(
    new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  );
  reader.discardUnknown = false;
  const short = (method: LongReader) => {
    const read = reader[method].bind(reader);
    return (): Int64 => {
      const long = read() as unknown as Int64;
      const number = int64ToNumber(long);
      return Number.isSafeInteger(number) ? number : long;
    };
  };
  return Object.assign(reader, {
    int64: short('int64'),
    uint64: short('uint64'),
    fixed64: short('fixed64'),
  });
}

/**
 * Message of its wire bytes.
 * @param type message name in package `tensorflow`
 * @param what how an error names the input, such as a path
 * @throws DataLossError with the byte offset if the bytes are no such message.
 */
export function decodeMessage<N extends string>(
  type: N,
  bytes: Uint8Array,
  what = `${type} bytes`,
): MessageOf<N> {
  const reader = exactReader(bytes);
  try {
    return messageType(type).decode(reader) as MessageOf<N>;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DataLossError(
      `Cannot parse ${what} as a ${type} message: ${reason} (at byte ${reader.pos} of ${bytes.byteLength}). ` +
        'The data is truncated, damaged, or of another format.',
      { cause },
    );
  }
}

/**
 * Wire bytes of a message; plain objects serve as messages.
 * @throws InvalidArgumentError if a value does not fit its field or the result passes 2 GiB.
 */
export function encodeMessage(type: string, message: object): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = messageType(type).encode(message).finish();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new InvalidArgumentError(`Cannot encode the ${type} message: ${reason}.`, { cause });
  }
  if (bytes.byteLength >= 2 ** 31)
    throw new InvalidArgumentError(
      `The ${type} message has ${bytes.byteLength} bytes; protobuf allows less than 2 GiB. Keep large constants in a checkpoint.`,
    );
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
