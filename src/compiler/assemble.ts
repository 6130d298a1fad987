/**
 * Assemble: from a Flow to a Program. Lowers, fuses and schedules, gives every value a buffer, and
 * writes the steps. All later stages of the compiler meet here; each is a function of its own.
 */
import { InternalError, ResourceExhaustedError, UnimplementedError } from '../errors.js';
import { shortNameOf, type DType } from '../graph/dtype.js';
import { elementCount, formatShape, sameShape, type StaticShape } from '../graph/shape.js';
import type { ScalarType } from '../ir/expr.js';
import type {
  BufferDecl,
  BufferRole,
  FetchSource,
  Place,
  Program,
  Step,
  VariableDecl,
} from '../ir/program.js';
import { scalarTypeOf, storageBytes, storageOf, storedLength } from '../ir/storage.js';
import { verifyProgram } from '../ir/verify-program.js';
import { emitKernel, type Located } from './emit-kernel.js';
import type { Flow, FlowVariable } from './flow.js';
import { group } from './group.js';
import { readsOwnElement } from './in-place.js';
import { dropUnused, inline } from './inline.js';
import { lower, randomPosition, type ExtraValue } from './lower.js';
import { hoistUploads } from './hoist-uploads.js';
import { mergeMaps } from './merge-maps.js';
import { exprsOf, loadsOf, outputsOf, type Piece } from './piece.js';
import { planMemory, type Lifetime } from './plan-memory.js';
import { schedule } from './schedule.js';
import { splitWide } from './split-wide.js';
import { isVerifying } from './verification.js';
import { verifyFlow } from './verify-flow.js';
import { verifyPieces, type PieceValues } from './verify-pieces.js';

export interface AssembleOptions {
  readonly maxBindings: number;
  /** Bytes one buffer may have, on the device or on a host without one. */
  readonly maxBindingBytes?: number;
  /** Off for comparisons: every op then is a kernel of its own. */
  readonly fuse?: boolean;
  /** Whether to check every stage; by default the setting of `setVerification`. */
  readonly verify?: boolean;
}

export function assemble(flow: Flow, options: AssembleOptions): Program {
  const verify = options.verify ?? isVerifying();
  if (verify) verifyFlow(flow);
  const { pieces: lowered, extra, fresh } = lower(flow);
  const { maxBindings } = options;
  const pieces = splitWide(lowered, { maxBindings, variables: flow.variables, fresh });
  const external = new Set(flow.fetches.map((id) => flow.values[id]?.base ?? id));
  for (const variable of flow.variables) if (variable.final !== null) external.add(variable.final);
  const values = pieceValues(flow, extra);
  if (verify) verifyPieces('lowered', pieces, values, external);
  const fused =
    options.fuse === false
      ? dropUnused(pieces, external)
      : fuse(flow, pieces, values, external, options);
  if (verify) verifyPieces('fused', fused, values, external);
  const program = new Assembly(flow, extra, fused, options).build();
  if (verify) verifyProgram(program);
  return program;
}

function pieceValues(flow: Flow, extra: readonly ExtraValue[]): PieceValues {
  const made = (id: number): ExtraValue | undefined => extra[id - flow.values.length];
  return {
    shapeOf: (id) =>
      id === randomPosition
        ? [2 * flow.random.length]
        : (flow.values[id]?.shape ?? made(id)?.shape),
    typeOf: (id, place) => {
      if (id === randomPosition) return 'u32';
      const value = flow.values[id];
      return value === undefined ? made(id)?.type : scalarTypeOf(value.dtype, place);
    },
    isComputed: (id) =>
      id !== randomPosition && (flow.values[id]?.source ?? { kind: 'node' }).kind === 'node',
  };
}

function fuse(
  flow: Flow,
  pieces: readonly Piece[],
  values: PieceValues,
  external: ReadonlySet<number>,
  options: AssembleOptions,
): readonly Piece[] {
  const shapeOf = (value: number): StaticShape => values.shapeOf(value) ?? [];
  const inlined = inline(pieces, external, options.maxBindings);
  const { maxBindings } = options;
  const grouped = group(inlined, { maxBindings, variables: flow.variables, external, shapeOf });
  // Joining may have left a group before one it loads from: put them in order again.
  return dropUnused(schedule(grouped, []).order, external);
}

interface Draft extends Omit<BufferDecl, 'role'> {
  role: BufferRole | { readonly kind: 'open' };
}

const dtypeOfType: Readonly<Record<ScalarType, DType>> = {
  f32: 'float32',
  f64: 'float64',
  i32: 'int32',
  u32: 'uint32',
  i64: 'int64',
  u64: 'uint64',
  bool: 'bool',
  str: 'string',
  c64: 'complex64',
  c128: 'complex128',
};

class Assembly {
  readonly #buffers: Draft[] = [];
  #steps: Step[] = [];
  readonly maxBytes: number;
  /** Buffer of a value in a place. */
  readonly #bufferOf = new Map<string, number>();
  readonly #variableBuffer = new Map<FlowVariable, number>();

  constructor(
    readonly flow: Flow,
    readonly extra: readonly ExtraValue[],
    readonly pieces: readonly Piece[],
    readonly options: AssembleOptions,
  ) {
    this.maxBytes = options.maxBindingBytes ?? Infinity;
  }

  build(): Program {
    const { order, snapshots } = schedule(this.pieces, this.flow.variables);
    this.#checkShapes();
    const fetchedOld = this.flow.variables.filter(
      (v) =>
        v.final !== null &&
        v.initial !== null &&
        this.flow.fetches.some((id) => this.flow.values[id]?.base === v.initial),
    );
    const copies = new Map<FlowVariable, number>();
    for (const variable of new Set([...snapshots.map((s) => s.variable), ...fetchedOld]))
      copies.set(variable, this.#snapshot(variable));
    const lateReaders = new Map<Piece, Set<FlowVariable>>();
    for (const { variable, readers } of snapshots)
      for (const reader of readers)
        lateReaders.set(reader, new Set([...(lateReaders.get(reader) ?? []), variable]));
    for (const piece of order) this.#addPiece(piece, lateReaders.get(piece) ?? new Set(), copies);
    for (const variable of this.flow.variables) this.#commit(variable);
    const fetches = this.flow.fetches.map((id) => this.#fetch(id, copies));
    const { fuse, maxBindings } = this.options;
    const isVariable = (buffer: number): boolean => this.#buffers[buffer]?.role.kind === 'variable';
    const isOnHost = (buffer: number): boolean => this.#buffers[buffer]?.place === 'host';
    this.#steps = [...hoistUploads(this.#steps, isOnHost)];
    if (fuse !== false) this.#steps = [...mergeMaps(this.#steps, { maxBindings, isVariable })];
    return this.#finish(fetches);
  }

  #checkShapes(): void {
    for (const v of this.flow.variables) {
      const final = v.final === null ? null : this.#value(v.final).shape;
      if (final === null || v.initial === null || sameShape(final, this.#value(v.initial).shape))
        continue;
      throw new UnimplementedError(
        `Variable "${v.node}" is read at one shape and assigned another in the same run. Do it in two runs.`,
        { node: v.node, op: v.op },
      );
    }
  }

  #value(id: number): {
    dtype: DType;
    shape: StaticShape;
    place: Place;
    label: string;
    type?: ScalarType;
  } {
    const own = this.flow.values[id];
    if (own !== undefined) return own;
    const made = this.extra[id - this.flow.values.length];
    if (made === undefined) throw new InternalError(`assemble: there is no value ${id}.`);
    return { ...made, dtype: dtypeOfType[made.type] };
  }

  #declare(role: Draft['role'], id: number, place: Place, label?: string): number {
    const { dtype, shape, label: own } = this.#value(id);
    return this.#declareAs(role, dtype, shape, place, label ?? own);
  }

  #declareAs(
    role: Draft['role'],
    dtype: DType,
    shape: StaticShape,
    place: Place,
    label: string,
  ): number {
    const storage = storageOf(dtype, place);
    if (storage === undefined)
      throw new UnimplementedError(
        `"${label}": ${dtype} tensors cannot be computed with on the ${place}.`,
        { node: label },
      );
    const byteLength = Math.max(1, storedLength(dtype, shape)) * storageBytes(storage);
    if (byteLength > this.maxBytes)
      throw new ResourceExhaustedError(
        `OOM when allocating tensor "${label}" with shape ${formatShape(shape)} and type ${shortNameOf(dtype)}: ${byteLength} bytes, but one buffer holds at most ${this.maxBytes}. Use smaller batches, or split the tensor.`,
        { node: label },
      );
    return this.#buffers.push({ role, place, dtype, storage, shape, byteLength, label }) - 1;
  }

  /** The variable's own buffer, which holds its old value until its write. */
  #ownBuffer(variable: FlowVariable): number {
    const known = this.#variableBuffer.get(variable);
    if (known !== undefined) return known;
    const at = this.flow.variables.indexOf(variable);
    const id = variable.final ?? variable.initial ?? -1;
    const buffer = this.#declare(
      { kind: 'variable', variable: at },
      id,
      variable.place,
      variable.node,
    );
    this.#variableBuffer.set(variable, buffer);
    return buffer;
  }

  #snapshot(variable: FlowVariable): number {
    const to = this.#declare(
      { kind: 'open' },
      variable.initial ?? -1,
      variable.place,
      `${variable.node}/snapshot`,
    );
    this.#steps.push({ kind: 'copy', place: variable.place, from: this.#ownBuffer(variable), to });
    return to;
  }

  /** Buffer that holds a value in a place, transferring it there if it is elsewhere. */
  #locate(id: number, place: Place): number {
    const key = `${id}@${place}`;
    const known = this.#bufferOf.get(key);
    if (known !== undefined) return known;
    const buffer = this.#materialise(id, place);
    this.#bufferOf.set(key, buffer);
    return buffer;
  }

  #materialise(id: number, place: Place): number {
    if (id === randomPosition)
      return this.#declareAs(
        { kind: 'random' },
        'uint32',
        [2 * this.flow.random.length],
        place,
        'random positions',
      );
    const value = this.flow.values[id];
    const { source } = value ?? { source: { kind: 'node' } as const };
    if (source.kind === 'feed')
      return this.#declare({ kind: 'feed', feed: source.feed }, id, place);
    if (source.kind === 'constant')
      return this.#declare({ kind: 'constant', data: source.data }, id, place);
    const home = source.kind === 'variable' ? this.flow.variables[source.variable] : undefined;
    const other: Place = place === 'device' ? 'host' : 'device';
    const from = home ? this.#ownBuffer(home) : this.#bufferOf.get(`${id}@${other}`);
    if (from === undefined)
      throw new InternalError(`assemble: value ${id} is used before it is computed.`);
    if (this.#buffers[from]?.place === place) return from;
    const to = this.#declare({ kind: 'open' }, id, place);
    this.#steps.push({ kind: 'transfer', from, to });
    return to;
  }

  #addPiece(
    piece: Piece,
    late: ReadonlySet<FlowVariable>,
    copies: ReadonlyMap<FlowVariable, number>,
  ): void {
    const { place } = piece;
    const lateValues = new Map(
      [...late].map((v) => [v.initial, this.#moved(copies.get(v) ?? 0, v.initial ?? 0, place)]),
    );
    for (const id of loadsOf(exprsOf(piece))) if (!lateValues.has(id)) this.#locate(id, place);
    for (const { value } of outputsOf(piece)) this.#placeOutput(piece, value);
    const locate = (id: number): Located => {
      const buffer = lateValues.get(id) ?? this.#locate(id, place);
      const decl = this.#buffers[buffer] as Draft;
      return {
        buffer,
        storage: decl.storage,
        length: Math.max(1, storedLength(decl.dtype, decl.shape)),
        shape: id === randomPosition ? [2 * this.flow.random.length] : this.#value(id).shape,
      };
    };
    if (outputsOf(piece).every((o) => elementCount(this.#value(o.value).shape) === 0)) return;
    const { kernel, buffers } = emitKernel(piece, locate);
    this.#steps.push({ kind: 'kernel', place, kernel, buffers, nodes: piece.nodes });
  }

  /** A snapshot in the place its reader runs. */
  #moved(buffer: number, id: number, place: Place): number {
    if (this.#buffers[buffer]?.place === place) return buffer;
    const to = this.#declare({ kind: 'open' }, id, place);
    this.#steps.push({ kind: 'transfer', from: buffer, to });
    return to;
  }

  /** A variable's new value goes straight into its buffer where the old one is read element by element. */
  #placeOutput(piece: Piece, value: number): void {
    const key = `${value}@${piece.place}`;
    const variable = this.flow.variables.find((v) => v.final === value);
    const inPlace =
      variable !== undefined &&
      variable.place === piece.place &&
      readsOwnElement(piece, variable, value, (id) => this.#value(id).shape);
    this.#bufferOf.set(
      key,
      inPlace ? this.#ownBuffer(variable) : this.#declare({ kind: 'open' }, value, piece.place),
    );
  }

  /** Copies a new value that could not be written in place. */
  #commit(variable: FlowVariable): void {
    if (variable.final === null) return;
    const to = this.#ownBuffer(variable);
    const from = this.#locate(variable.final, variable.place);
    if (from !== to) this.#steps.push({ kind: 'copy', place: variable.place, from, to });
  }

  #fetch(id: number, copies: ReadonlyMap<FlowVariable, number>): FetchSource {
    const value = this.flow.values[id];
    if (value === undefined) throw new InternalError(`assemble: fetch of unknown value ${id}.`);
    const { source } = this.flow.values[value.base] ?? value;
    const { dtype, shape } = value;
    if (source.kind === 'constant')
      return { kind: 'constant', data: { ...source.data, shape } as typeof source.data };
    if (source.kind === 'feed') return { kind: 'feed', feed: source.feed, shape };
    if (source.kind === 'variable') {
      const variable = this.flow.variables[source.variable] as FlowVariable;
      const buffer = copies.get(variable) ?? this.#ownBuffer(variable);
      return { kind: 'buffer', buffer, dtype, shape };
    }
    const { place } = this.#value(value.base);
    return { kind: 'buffer', buffer: this.#locate(value.base, place), dtype, shape };
  }

  #finish(fetches: readonly FetchSource[]): Program {
    const lifetimes = this.#lifetimes(fetches);
    const plan = planMemory(lifetimes);
    const buffers = this.#buffers.map((draft, i): BufferDecl => {
      const open: BufferRole =
        draft.storage === 'str'
          ? { kind: 'strings' }
          : { kind: 'temp', slot: plan.slotOf.get(i) ?? 0 };
      const role = draft.role.kind === 'open' ? open : draft.role;
      return { ...draft, role };
    });
    return {
      buffers,
      steps: this.#steps,
      feeds: this.flow.feeds,
      variables: this.flow.variables.map((v): VariableDecl => this.#variableDecl(v)),
      fetches,
      random: this.flow.random,
      slots: plan.slots,
    };
  }

  #variableDecl(v: FlowVariable): VariableDecl {
    const storage = storageOf(v.dtype, v.place);
    if (storage === undefined)
      throw new UnimplementedError(
        `Variable "${v.node}" of dtype ${v.dtype} cannot be computed with.`,
        { node: v.node, op: v.op },
      );
    const shape = v.final !== null ? this.#value(v.final).shape : v.shape;
    const { key, node, op, dtype, place } = v;
    return {
      key,
      node,
      op,
      dtype,
      shape,
      place,
      storage,
      reads: v.initial !== null,
      writes: v.final !== null,
    };
  }

  #lifetimes(fetches: readonly FetchSource[]): Lifetime[] {
    const range = new Map<number, { from: number; to: number }>();
    const touch = (buffer: number, at: number): void => {
      const known = range.get(buffer);
      if (known) known.to = Math.max(known.to, at);
      else range.set(buffer, { from: at, to: at });
    };
    for (const [at, step] of this.#steps.entries()) {
      if (step.kind === 'kernel') for (const buffer of step.buffers) touch(buffer, at);
      else for (const buffer of [step.from, step.to]) touch(buffer, at);
    }
    for (const fetch of fetches)
      if (fetch.kind === 'buffer') touch(fetch.buffer, this.#steps.length);
    for (const [i, draft] of this.#buffers.entries())
      if (draft.role.kind === 'open') touch(i, range.get(i)?.from ?? 0);
    return [...range].flatMap(([buffer, { from, to }]) => {
      const draft = this.#buffers[buffer] as Draft;
      if (draft.role.kind !== 'open' || draft.storage === 'str') return [];
      return [{ buffer, place: draft.place, byteLength: draft.byteLength, from, to }];
    });
  }
}
