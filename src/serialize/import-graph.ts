/**
 * GraphDef -> operations of a Graph. Everything the file says is checked before it is believed, with
 * TensorFlow's words; op types nobody registered are kept, and matter only when a run needs them.
 */
import { InternalError, InvalidArgumentError, ValueError } from '../errors.js';
import type { AttrValue } from '../graph/attrs.js';
import type { DType } from '../graph/dtype.js';
import { getDefaultGraph, type Graph } from '../graph/graph.js';
import { Operation, Tensor } from '../graph/operation.js';
import { findSchema } from '../graph/registry.js';
import {
  checkVersions,
  GraphWire,
  headerOf,
  headerOfMessage,
  lastProducerOfScalarUnknown,
  mergeHeaders,
  NodeWire,
} from './graph-wire.js';
import { attrsOfNode } from './import-attrs.js';
import { checkInputs, guessOutputTypes, inputTypesOf, type InputType } from './import-types.js';
import type { FunctionMessage, GraphDefMessage } from './messages.js';
import {
  creationOrder,
  fileNodes,
  formatInput,
  isBackEdge,
  parseInput,
  type FileNode,
  type InputRef,
} from './node-order.js';

export interface ImportOptions {
  /** Graph to add to; the default graph if absent. */
  readonly graph?: Graph;
  /** Scope the nodes go into, made unique; `import` if absent, the root if empty. */
  readonly name?: string;
  /** Tensors of the graph that stand in for tensors of the file: `x`, `x:0`, or `^x` for a node. */
  readonly inputMap?: Readonly<Record<string, Tensor | Operation>>;
  /** Names in the file of what to return: `x` for an operation, `x:0` for a tensor. */
  readonly returnElements?: readonly string[];
}

/** One import under way. */
class Importer {
  readonly #graph: Graph;
  readonly #prefix: string;
  readonly #nodes: ReadonlyMap<string, FileNode>;
  readonly #inputMap: ReadonlyMap<string, Tensor | Operation>;
  readonly #scalarIsUnknown: boolean;
  readonly #functions: ReadonlyMap<string, FunctionMessage>;
  /** Name in the file -> operation made. */
  readonly #made = new Map<string, Operation>();
  readonly #names = new Map<string, string>();
  readonly #attrs = new Map<string, ReadonlyMap<string, AttrValue>>();
  /** `node:index` -> inputs that take it. */
  readonly #uses = new Map<string, { readonly node: FileNode; readonly port: number }[]>();
  readonly #outputsUsed = new Map<string, number>();
  /** Nodes that others only wait for. */
  readonly #awaited: ReadonlySet<string>;
  readonly #firstPosition: number;

  constructor(message: GraphDefMessage, graph: Graph, options: ImportOptions) {
    this.#graph = graph;
    this.#firstPosition = graph.nextOpId;
    this.#nodes = fileNodes(message.node ?? []);
    this.#awaited = new Set([...this.#nodes.values()].flatMap((node) => node.controls));
    this.#inputMap = new Map(
      Object.entries(options.inputMap ?? {}).map(([key, to]) => [formatInput(parseInput(key)), to]),
    );
    this.#scalarIsUnknown = (message.versions?.producer ?? 0) <= lastProducerOfScalarUnknown;
    this.#functions = new Map(
      (message.library?.function ?? []).map((f) => [f.signature?.name ?? '', f]),
    );
    this.#checkReferences();
    for (const text of options.returnElements ?? []) this.#noteUse(parseInput(text));
    const name = options.name ?? 'import';
    this.#prefix = name === '' ? '' : `${graph.uniqueName(name)}/`;
  }

  run(): void {
    const order = creationOrder(this.#nodes);
    for (const node of order) this.#names.set(node.name, this.#newName(node.name));
    const backEdges: { readonly node: FileNode; readonly inputs: Tensor[] }[] = [];
    for (const node of order) {
      const inputs = node.data.map((ref) => this.#input(node, ref));
      if (node.data.some((ref) => isBackEdge(node, this.#nodes.get(ref.node))))
        backEdges.push({ node, inputs });
      this.#made.set(node.name, this.#create(node, inputs));
    }
    for (const { node, inputs } of backEdges) this.#closeLoop(node, inputs);
  }

  /** Operation or tensor made for a name in the file. */
  element(name: string): Operation | Tensor {
    if (!name.includes(':')) {
      const op = this.#made.get(name);
      if (op === undefined)
        throw new InvalidArgumentError(`Requested return node '${name}' not found in graph def`);
      return op;
    }
    const ref = parseInput(name);
    const mapped = this.#inputMap.get(formatInput(ref));
    if (mapped instanceof Tensor) return mapped;
    const op = this.#made.get(ref.node);
    if (op === undefined)
      throw new InvalidArgumentError(`Requested return tensor '${name}' not found in graph def`);
    const tensor = op.outputs[ref.index];
    if (tensor === undefined)
      throw new InvalidArgumentError(
        `Invalid return output ${ref.index} of node '${ref.node}', which has ${op.outputs.length} output(s)`,
      );
    return tensor;
  }

  #checkReferences(): void {
    for (const node of this.#nodes.values()) {
      for (const [i, ref] of [...node.data, ...node.controls.map(controlRef)].entries()) {
        if (this.#inputMap.has(formatInput(ref))) continue;
        if (!this.#nodes.has(ref.node))
          throw new InvalidArgumentError(
            `Node '${node.name}': Unknown input node '${node.message.input?.[i] ?? formatInput(ref)}'`,
            { node: node.name, op: node.type },
          );
        this.#noteUse(ref, { node, port: i });
      }
    }
    const lost = [...this.#inputMap.keys()].filter((key) => !this.#mapsSomething(key));
    if (lost.length > 0)
      throw new ValueError(
        `Attempted to map inputs that were not found in graph_def: [${lost.map((key) => (key.startsWith('^') || key.includes(':') ? key : `${key}:0`)).join(', ')}]`,
      );
  }

  #mapsSomething(key: string): boolean {
    if (this.#nodes.has(parseInput(key).node)) return true;
    return [...this.#nodes.values()].some((node) =>
      [...node.data, ...node.controls.map(controlRef)].some((ref) => formatInput(ref) === key),
    );
  }

  #noteUse(ref: InputRef, by?: { readonly node: FileNode; readonly port: number }): void {
    if (ref.index < 0) return;
    this.#outputsUsed.set(ref.node, Math.max(this.#outputsUsed.get(ref.node) ?? 0, ref.index + 1));
    if (by === undefined) return;
    const key = `${ref.node}:${ref.index}`;
    const uses = this.#uses.get(key);
    if (uses) uses.push(by);
    else this.#uses.set(key, [by]);
  }

  #newName(name: string): string {
    const isTaken = (candidate: string): boolean =>
      this.#graph.findOperation(this.#prefix + candidate) !== undefined;
    if (!isTaken(name)) return this.#prefix + name;
    let i = 1;
    while (isTaken(`${name}_${i}`) || this.#nodes.has(`${name}_${i}`)) i++;
    return `${this.#prefix}${name}_${i}`;
  }

  #attrsOf(node: FileNode): ReadonlyMap<string, AttrValue> {
    const known = this.#attrs.get(node.name);
    if (known !== undefined) return known;
    const attrs = attrsOfNode(node, this.#names, this.#scalarIsUnknown);
    this.#attrs.set(node.name, attrs);
    return attrs;
  }

  #typed(node: FileNode): { name: string; type: string; attrs: ReadonlyMap<string, AttrValue> } {
    const name = this.#names.get(node.name) ?? node.name;
    return { name, type: node.type, attrs: this.#attrsOf(node) };
  }

  #input(node: FileNode, ref: InputRef): Tensor {
    const mapped = this.#inputMap.get(formatInput(ref));
    if (mapped !== undefined) return mapped instanceof Tensor ? mapped : mapped.output(0);
    const producer = this.#nodes.get(ref.node);
    if (producer !== undefined && isBackEdge(node, producer)) return this.#standIn(producer);
    const op = this.#made.get(ref.node);
    const tensor = op?.outputs[ref.index];
    if (tensor === undefined)
      throw new InvalidArgumentError(
        `Node '${node.name}': Connecting to invalid output ${ref.index} of source node ${ref.node} which has ${op?.outputs.length ?? 0} outputs.`,
        { node: node.name, op: node.type },
      );
    return tensor;
  }

  /** Output of a NextIteration that is not made yet: of its dtype, of unknown shape. */
  #standIn(node: FileNode): Tensor {
    const type = this.#attrsOf(node).get('T');
    const dtype: DType = type?.kind === 'type' ? type.value : 'float32';
    const isRef = node.type === 'RefNextIteration';
    return new Operation({
      graph: this.#graph,
      id: -1,
      name: this.#names.get(node.name) ?? node.name,
      type: node.type,
      inputs: [],
      controlInputs: [],
      attrs: new Map(),
      device: '',
      outputs: [{ dtype, isRef }],
    }).output();
  }

  #create(node: FileNode, inputs: Tensor[]): Operation {
    const typed = this.#typed(node);
    const expected = inputTypesOf(typed);
    if (expected !== undefined) checkInputs(typed, expected, inputs);
    const outputDtypes =
      findSchema(node.type) === undefined
        ? guessOutputTypes(
            typed,
            this.#outputsUsed.get(node.name) ?? (this.#awaited.has(node.name) ? 0 : 1),
            (i) => this.#wantedType(node, i),
            this.#functions,
          )
        : undefined;
    return this.#graph.createOperation({
      ...typed,
      inputs,
      controlInputs: node.controls.map((name) => this.#controlInput(name)),
      device: node.message.device ?? '',
      wire: new NodeWire(node.message, this.#firstPosition + node.position),
      ...(outputDtypes === undefined ? {} : { outputDtypes }),
    });
  }

  #wantedType(node: FileNode, index: number): DType | undefined {
    for (const { node: consumer, port } of this.#uses.get(`${node.name}:${index}`) ?? []) {
      const types: readonly InputType[] | undefined = inputTypesOf(this.#typed(consumer));
      if (types?.[port] !== undefined) return types[port].dtype;
    }
    return undefined;
  }

  #controlInput(name: string): Operation {
    const mapped = this.#inputMap.get(`^${name}`);
    if (mapped !== undefined) return mapped instanceof Tensor ? mapped.op : mapped;
    const op = this.#made.get(name);
    if (op === undefined) throw new InternalError(`Control input '${name}' was not made in time.`);
    return op;
  }

  /** Replaces a Merge's stand-ins by the real NextIteration outputs. */
  #closeLoop(node: FileNode, inputs: Tensor[]): void {
    const merge = this.#made.get(node.name);
    if (merge === undefined) throw new InternalError(`Merge '${node.name}' was not made.`);
    for (const [port, ref] of node.data.entries()) {
      if (!isBackEdge(node, this.#nodes.get(ref.node)) || inputs[port]?.op.id !== -1) continue;
      const next = this.#made.get(ref.node)?.outputs[ref.index];
      if (next === undefined)
        throw new InvalidArgumentError(
          `Node '${node.name}': Connecting to invalid output ${ref.index} of source node ${ref.node} which has 1 outputs.`,
          { node: node.name, op: node.type },
        );
      inputs[port] = next;
      next.addConsumer(merge, port);
      if (merge.inputs[port] !== next)
        throw new InternalError(`Operation copied its inputs; the loop at '${node.name}' is open.`);
    }
    const types = inputTypesOf(this.#typed(node));
    if (types !== undefined) checkInputs(this.#typed(node), types, inputs);
  }
}

const controlRef = (node: string): InputRef => ({ node, index: -1 });

/** Adds the message's nodes to a graph and returns what `options.returnElements` names. */
export function importMessage(
  message: GraphDefMessage,
  options: ImportOptions,
): (Operation | Tensor)[] {
  checkVersions(message.versions);
  const graph = options.graph ?? getDefaultGraph();
  const header = headerOfMessage(message);
  const wire = graph.nextOpId === 0 ? header : mergeHeaders(headerOf(graph), header);
  const importer = new Importer(message, graph, options);
  importer.run();
  graph.wire = new GraphWire(wire);
  return (options.returnElements ?? []).map((name) => importer.element(name));
}
