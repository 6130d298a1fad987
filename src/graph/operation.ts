/**
 * Operation (a node) and Tensor (one of its outputs). Both are symbolic: they hold no data. They
 * are made by a Graph and never change, but for what becomes known of a tensor's static shape.
 */
import { ValueError } from '../errors.js';
import type { AttrValue } from './attrs.js';
import type { DType } from './dtype.js';
import { formatShape, mergeShapes, type Shape } from './shape.js';

/** What an Operation needs of its Graph; the class is `Graph`. */
export interface GraphIdentity {
  readonly isGraph: true;
}

export interface OutputType {
  readonly dtype: DType;
  /** A reference to a variable (VariableV2, Assign): reading it gives the variable's value. */
  readonly isRef: boolean;
}

export interface OperationInit {
  readonly graph: GraphIdentity;
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly inputs: readonly Tensor[];
  readonly controlInputs: readonly Operation[];
  readonly attrs: ReadonlyMap<string, AttrValue>;
  readonly device: string;
  readonly outputs: readonly OutputType[];
  readonly trace?: Error | undefined;
  readonly wire?: unknown;
}

/** A node of the graph. */
export class Operation {
  /** The graph it is part of. */
  readonly graph: GraphIdentity;
  /** Position in creation order. */
  readonly id: number;
  /** Name, unique in its graph: `dense/MatMul`. */
  readonly name: string;
  /** TensorFlow's op type, such as `MatMul`. */
  readonly type: string;
  /** Tensors it takes as data. */
  readonly inputs: readonly Tensor[];
  /** Tensors it gives. */
  readonly outputs: readonly Tensor[];
  /** Attrs by name, defaults filled in. */
  readonly attrs: ReadonlyMap<string, AttrValue>;
  /** TensorFlow's device string: kept, and not obeyed. */
  readonly device: string;
  /** The message this node was read from; kept for the serializer. */
  readonly wire: unknown;
  readonly #controlInputs: Operation[];
  readonly #trace: Error | undefined;

  constructor(init: OperationInit) {
    this.graph = init.graph;
    this.id = init.id;
    this.name = init.name;
    this.type = init.type;
    this.inputs = init.inputs;
    this.attrs = init.attrs;
    this.device = init.device;
    this.wire = init.wire;
    this.#controlInputs = [...init.controlInputs];
    this.#trace = init.trace;
    this.outputs = init.outputs.map((type, i) => new Tensor(this, i, type));
  }

  /** Operations that run before this one without giving it data. */
  get controlInputs(): readonly Operation[] {
    return this.#controlInputs;
  }

  /** Makes this op run after `op`. Used by graph construction; not for finalized graphs. */
  addControlInput(op: Operation): void {
    if (!this.#controlInputs.includes(op)) this.#controlInputs.push(op);
  }

  /** Output `i`. @throws ValueError if the op has fewer outputs. */
  output(i = 0): Tensor {
    const tensor = this.outputs[i];
    if (tensor === undefined)
      throw new ValueError(
        `${this.type} "${this.name}" has ${this.outputs.length} outputs; there is no output ${i}.`,
        { node: this.name, op: this.type },
      );
    return tensor;
  }

  /** Where user code created this op: ` Defined at train.ts:31.`, or an empty string. */
  get definedAt(): string {
    const frame = userFrame(this.#trace?.stack);
    return frame === undefined ? '' : ` Defined at ${frame}.`;
  }

  toString(): string {
    return `${this.type} "${this.name}"`;
  }
}

/** A symbolic edge: output `index` of `op`. */
export class Tensor {
  readonly isTensor = true;
  /** Element type of the value. */
  readonly dtype: DType;
  /** Whether it refers to a variable, which an assignment can write. */
  readonly isRef: boolean;
  #shape: Shape = null;
  readonly #consumers: { readonly op: Operation; readonly port: number }[] = [];

  constructor(
    readonly op: Operation,
    readonly index: number,
    type: OutputType,
  ) {
    this.dtype = type.dtype;
    this.isRef = type.isRef;
  }

  /** `node:index`. */
  get name(): string {
    return `${this.op.name}:${this.index}`;
  }

  /** The graph it is part of. */
  get graph(): GraphIdentity {
    return this.op.graph;
  }

  /** Static shape: what is known before a run. */
  get shape(): Shape {
    return this.#shape;
  }

  /** Operations that take this tensor as data input. */
  get consumers(): readonly Operation[] {
    return [...new Set(this.#consumers.map(({ op }) => op))];
  }

  /** @internal */
  addConsumer(op: Operation, port: number): void {
    this.#consumers.push({ op, port });
  }

  /**
   * Adds knowledge about the static shape.
   * @throws ValueError if it contradicts what is known.
   * @example x.setShape([null, 784]);
   */
  setShape(shape: Shape): void {
    const merged = mergeShapes(this.#shape, shape);
    if (merged === undefined)
      throw new ValueError(
        `Tensor "${this.name}" has shape ${formatShape(this.#shape)}, which is not compatible with ${formatShape(shape)}.`,
        { node: this.op.name, op: this.op.type },
      );
    this.#shape = merged;
  }

  toString(): string {
    return `Tensor("${this.name}", shape=${formatShape(this.shape)}, dtype=${this.dtype})`;
  }
}

const ownFiles = new URL('..', import.meta.url).pathname;

/** First stack frame outside this library, as `file:line`. */
function userFrame(stack: string | undefined): string | undefined {
  for (const line of stack?.split('\n').slice(1) ?? []) {
    const place = /\(?((?:file:\/\/)?\/[^()]+):(\d+):\d+\)?$/.exec(line);
    const file = place?.[1]?.replace('file://', '');
    if (file === undefined || file.startsWith(ownFiles) || file.startsWith('node:')) continue;
    return `${file.slice(file.lastIndexOf('/') + 1)}:${place?.[2] ?? ''}`;
  }
  return undefined;
}

/** Throws unless all tensors (or ops) belong to `graph`. */
export function assertSameGraph(
  items: readonly (Tensor | Operation)[],
  graph: GraphIdentity,
): void {
  for (const item of items) {
    if (item.graph === graph) continue;
    const other = items.find((i) => i.graph === graph);
    const { name, type } = item instanceof Tensor ? item.op : item;
    throw new ValueError(
      other
        ? `${item} must be from the same graph as ${other}.`
        : `${item} is not an element of this graph. Build the op inside its graph: graph.asDefault(() => ...).`,
      { node: name, op: type },
    );
  }
}
