/**
 * What becomes of the nodes around a frozen variable. Its handle turns into its value, so every node
 * the handle flows through (identities, switches, loops, function calls) changes type, and every
 * read of it changes op.
 */
import { InvalidArgumentError } from '../errors.js';
import { dtypeOfNumber } from '../graph/dtype.js';
import { attrsOfMessage } from './attr-value.js';
import {
  callers,
  cannotFreeze,
  classOf,
  gatherTypes,
  isLoop,
  passing,
  replaced,
  withAttrs,
  type ValueType,
} from './freeze-nodes.js';
import { inputTypesOf } from './import-types.js';
import {
  int64ToNumber,
  type AttrMap,
  type FunctionMessage,
  type GraphDefMessage,
  type NodeMessage,
  type TensorMessage,
} from './messages.js';
import { parseInput } from './node-order.js';
import { messageOfNdArray } from './tensor-proto.js';

export interface FrozenVariable extends ValueType {
  readonly tensor: TensorMessage;
}

/** Rewrites a graph and the functions it calls. */
class Freezer {
  readonly #functions: Map<string, FunctionMessage>;
  /** Function and the inputs frozen in it -> name of its rewritten copy. */
  readonly #copies = new Map<string, string>();

  constructor(library: readonly FunctionMessage[]) {
    this.#functions = new Map(library.map((f) => [f.signature?.name ?? '', f]));
  }

  get functions(): readonly FunctionMessage[] {
    return [...this.#functions.values()];
  }

  /** Name of a copy of a function whose inputs at the given places are values. */
  copyOf(name: string, args: ReadonlyMap<number, ValueType>, loopBody: boolean): string {
    const source = this.#functions.get(name);
    if (source === undefined)
      throw new InvalidArgumentError(`Function '${name}' is not in the graph's library.`);
    const key = [
      name,
      loopBody,
      ...[...args].map(([i, type]) => `${i}:${type.dtype}`).sort(),
    ].join();
    const known = this.#copies.get(key);
    if (known !== undefined) return known;
    let copy = `${name}_frozen`;
    for (let i = 1; this.#functions.has(copy); i++) copy = `${name}_frozen_${i}`;
    this.#copies.set(key, copy);
    this.#functions.set(copy, source);
    this.#functions.set(copy, freezeFunction(this, source, copy, args, loopBody));
    return copy;
  }
}

/** Nodes of one body, with what is known of the handles that became values. */
class Body {
  readonly nodes: Map<string, NodeMessage>;
  readonly #original: readonly NodeMessage[];
  /** `node:index`, `node:*` for all outputs, or `argument` -> type. */
  readonly #values = new Map<string, ValueType>();
  #changed = true;

  constructor(
    readonly freezer: Freezer,
    nodes: readonly NodeMessage[],
    readonly isFunction: boolean,
  ) {
    this.#original = nodes;
    this.nodes = new Map(nodes.map((node) => [node.name ?? '', node]));
  }

  mark(key: string, type: ValueType): void {
    if (this.#values.has(key)) return;
    this.#values.set(key, type);
    this.#changed = true;
  }

  /** Type of the value behind an input string, if it was a handle. */
  valueOf(text: string): ValueType | undefined {
    if (text.startsWith('^')) return undefined;
    const [node = '', output, index] = this.isFunction
      ? text.split(':')
      : [parseInput(text).node, '', String(parseInput(text).index)];
    if (output === undefined) return this.#values.get(node);
    const isMergeIndex = this.isFunction
      ? output === 'value_index'
      : this.nodes.get(node)?.op === 'Merge' && index === '1';
    if (isMergeIndex) return undefined;
    return this.#values.get(`${node}:${index ?? '0'}`) ?? this.#values.get(`${node}:*`);
  }

  /** Follows the handles until nothing more changes; loops make more than one pass necessary. */
  rewrite(): void {
    const done = new Map<string, string>();
    while (this.#changed) {
      this.#changed = false;
      for (const node of this.#original) {
        const inputs = node.input ?? [];
        const values = new Map<number, ValueType>();
        for (const [i, text] of inputs.entries()) {
          const type = this.valueOf(text);
          if (type !== undefined) values.set(i, type);
        }
        const name = node.name ?? '';
        const signature = [...values.keys()].join();
        if (values.size === 0 || done.get(name) === signature) continue;
        done.set(name, signature);
        this.nodes.set(name, this.#rewriteNode(node, values));
        this.#changed = true;
      }
    }
  }

  #rewriteNode(node: NodeMessage, values: ReadonlyMap<number, ValueType>): NodeMessage {
    const [first] = values.values();
    if (first === undefined) return node;
    if (passing.has(node.op ?? '')) {
      this.mark(`${node.name ?? ''}:*`, first);
      return withAttrs(node, { T: { type: first.dtype } });
    }
    switch (node.op) {
      case 'ReadVariableOp':
        return replaced(node, 'Identity', {
          T: node.attr?.['dtype'] ?? { type: first.dtype },
          ...classOf(node),
        });
      case 'VariableShape':
        return replaced(node, 'Shape', {
          T: { type: first.dtype },
          ...(node.attr?.['out_type'] ? { out_type: node.attr['out_type'] } : {}),
        });
      case 'ResourceGather':
        return this.#gather(node, first);
      case 'ResourceGatherNd':
        return replaced(node, 'GatherNd', gatherTypes(node, first));
      default:
        return this.#call(node, values);
    }
  }

  #gather(node: NodeMessage, type: ValueType): NodeMessage {
    const batchDims = node.attr?.['batch_dims']?.i ?? 0;
    if (batchDims !== 0)
      throw new InvalidArgumentError(
        `batch_dims must be 0 for freeze_graph, but got node(${node.name ?? ''}).attr('batch_dims') = ${int64ToNumber(batchDims)}.`,
        { node: node.name ?? undefined, op: node.op ?? undefined },
      );
    const types = gatherTypes(node, type);
    const axis = `${node.name ?? ''}/axis`;
    const isLong = dtypeOfNumber(types['Tindices']?.type ?? 0) === 'int64';
    const value = isLong
      ? messageOfNdArray({ dtype: 'int64', shape: [], data: new BigInt64Array(1) })
      : messageOfNdArray({ dtype: 'int32', shape: [], data: new Int32Array(1) });
    this.nodes.set(axis, {
      name: axis,
      op: 'Const',
      attr: { dtype: { type: value.dtype }, value: { tensor: value } },
    });
    const input = [...(node.input ?? [])];
    input.splice(2, 0, this.isFunction ? `${axis}:output:0` : axis);
    return replaced({ ...node, input }, 'GatherV2', { ...types, Taxis: { type: value.dtype } });
  }

  #call(node: NodeMessage, values: ReadonlyMap<number, ValueType>): NodeMessage {
    const caller = Object.hasOwn(callers, node.op ?? '') ? callers[node.op ?? ''] : undefined;
    if (caller === undefined) throw cannotFreeze(node);
    const args = new Map([...values].map(([i, type]) => [i - caller.skip, type]));
    const types = [...(node.attr?.[caller.types]?.list?.type ?? [])];
    for (const [i, type] of args) types[i] = type.dtype;
    const attrs: Record<string, AttrMap[string]> = { [caller.types]: { list: { type: types } } };
    for (const name of caller.functions) {
      const attr = node.attr?.[name];
      const isBody = isLoop(node) && name === 'body';
      const copy = (f: { readonly name?: string | null | undefined }) => ({
        ...f,
        name: this.freezer.copyOf(f.name ?? '', args, isBody),
      });
      if (attr?.func) attrs[name] = { func: copy(attr.func) };
      else if (attr?.list?.func) attrs[name] = { list: { func: attr.list.func.map(copy) } };
    }
    if (isLoop(node)) {
      const shapes = [...(node.attr?.['output_shapes']?.list?.shape ?? [])];
      for (const [i, type] of args) {
        this.mark(`${node.name ?? ''}:${i}`, type);
        if (i < shapes.length) shapes[i] = type.shape;
      }
      if (shapes.length > 0) attrs['output_shapes'] = { list: { shape: shapes } };
    }
    return withAttrs(node, attrs);
  }
}

function freezeFunction(
  freezer: Freezer,
  source: FunctionMessage,
  name: string,
  args: ReadonlyMap<number, ValueType>,
  loopBody: boolean,
): FunctionMessage {
  const body = new Body(freezer, source.node_def ?? [], true);
  const inputs = [...(source.signature?.input_arg ?? [])];
  const outputs = [...(source.signature?.output_arg ?? [])];
  for (const [i, type] of args) {
    const input = inputs[i];
    if (input === undefined) continue;
    inputs[i] = { name: input.name, type: type.dtype };
    if (loopBody && outputs[i]) outputs[i] = { name: outputs[i].name, type: type.dtype };
    body.mark(input.name ?? '', type);
  }
  body.rewrite();
  const reads = new Set(
    (source.node_def ?? [])
      .filter(
        ({ name: n, op }) => op === 'ReadVariableOp' && body.nodes.get(n ?? '')?.op === 'Identity',
      )
      .map((node) => `${node.name ?? ''}:value:0`),
  );
  const renamed = (text: string): string =>
    reads.has(text) ? text.replace(/:value:0$/, ':output:0') : text;
  const ret = Object.entries(source.ret ?? {}).map(([key, text]) => [key, renamed(text)]);
  return {
    ...source,
    signature: { ...source.signature, name, input_arg: inputs, output_arg: outputs },
    node_def: [...body.nodes.values()].map((node) => ({
      ...node,
      input: (node.input ?? []).map(renamed),
    })),
    ret: Object.fromEntries(ret) as Readonly<Record<string, string>>,
  };
}

/** Refuses nodes that write through a reference to a frozen variable. */
function checkReferences(nodes: readonly NodeMessage[], frozen: ReadonlySet<string>): void {
  for (const node of nodes) {
    const ports = (node.input ?? []).map((text) => frozen.has(parseInput(text).node));
    if (!ports.includes(true)) continue;
    const { name, op } = node;
    const attrs = attrsOfMessage(node.attr ?? {});
    const types = inputTypesOf({ name: name ?? '', type: op ?? '', attrs });
    if (types?.some((type, port) => type.isRef && ports[port] === true) === true)
      throw cannotFreeze(node);
  }
}

/** The message with the given variables as constants. */
export function freezeNodes(
  message: GraphDefMessage,
  variables: ReadonlyMap<string, FrozenVariable>,
): GraphDefMessage {
  const nodes = message.node ?? [];
  const freezer = new Freezer(message.library?.function ?? []);
  const body = new Body(freezer, nodes, false);
  const references = new Set<string>();
  for (const [name, { dtype, shape, tensor }] of variables) {
    if (body.nodes.get(name)?.op === 'VarHandleOp') body.mark(`${name}:0`, { dtype, shape });
    else references.add(name);
    const attr = { dtype: { type: dtype }, value: { tensor } };
    const device = body.nodes.get(name)?.device;
    body.nodes.set(name, { name, op: 'Const', device, attr });
  }
  checkReferences(nodes, references);
  body.rewrite();
  return {
    ...message,
    node: [...body.nodes.values()],
    library: { ...message.library, function: freezer.functions },
  };
}
