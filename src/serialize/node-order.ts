/**
 * Inputs of nodes as text, and the order nodes can be created in: every node after its inputs, else
 * as in the file. Loops are legal only through NextIteration -> Merge.
 */
import { InvalidArgumentError } from '../errors.js';
import type { NodeMessage } from './messages.js';

/** `node:index`, or `^node` for a control input (index -1). */
export interface InputRef {
  readonly node: string;
  readonly index: number;
}

export const isControl = (ref: InputRef): boolean => ref.index < 0;

/** Parses an input string; text that is no reference becomes a node name nobody has. */
export function parseInput(text: string): InputRef {
  if (text.startsWith('^')) return { node: text.slice(1), index: -1 };
  const parts = /^(.+):(\d+)$/s.exec(text);
  return parts?.[1] === undefined
    ? { node: text, index: 0 }
    : { node: parts[1], index: Number(parts[2]) };
}

/** As GraphDefs spell it: output 0 without its number. */
export const formatInput = (ref: InputRef): string =>
  isControl(ref) ? `^${ref.node}` : ref.index === 0 ? ref.node : `${ref.node}:${ref.index}`;

/** A node of a file with its inputs parsed. */
export interface FileNode {
  readonly message: NodeMessage;
  /** Position in the file. */
  readonly position: number;
  readonly name: string;
  readonly type: string;
  readonly data: readonly InputRef[];
  /** Distinct control inputs. */
  readonly controls: readonly string[];
}

const mergeTypes: ReadonlySet<string> = new Set(['Merge', 'RefMerge']);
const nextIterationTypes: ReadonlySet<string> = new Set(['NextIteration', 'RefNextIteration']);

/** Whether an edge closes a loop, so that its consumer is made before its producer. */
export const isBackEdge = (consumer: FileNode, producer: FileNode | undefined): boolean =>
  producer !== undefined && mergeTypes.has(consumer.type) && nextIterationTypes.has(producer.type);

const nodeError = (name: string, message: string): InvalidArgumentError =>
  new InvalidArgumentError(`Node '${name}': ${message}`, { node: name });

/** Nodes with parsed inputs. @throws InvalidArgumentError for a bad name or misplaced input. */
export function fileNodes(messages: readonly NodeMessage[]): Map<string, FileNode> {
  const nodes = new Map<string, FileNode>();
  for (const [position, message] of messages.entries()) {
    const name = message.name ?? '';
    if (!/^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/.test(name))
      throw nodeError(name, 'Node name contains invalid characters');
    if (nodes.has(name))
      throw new InvalidArgumentError(`Node '${name}' is not unique`, { node: name });
    const refs = (message.input ?? []).map(parseInput);
    const firstControl = refs.findIndex(isControl);
    const data = firstControl < 0 ? refs : refs.slice(0, firstControl);
    const rest = refs.slice(data.length);
    if (!rest.every(isControl))
      throw nodeError(name, 'Control dependencies must come after regular dependencies');
    const controls = [...new Set(rest.map((ref) => ref.node))];
    nodes.set(name, { message, position, name, type: message.op ?? '', data, controls });
  }
  return nodes;
}

/**
 * Nodes in creation order. Inputs not among the nodes are left to the caller.
 * @throws InvalidArgumentError naming the nodes of a cycle.
 */
export function creationOrder(nodes: ReadonlyMap<string, FileNode>): FileNode[] {
  const list = [...nodes.values()];
  const pending = list.map(() => 0);
  const consumers: number[][] = list.map(() => []);
  for (const node of list)
    for (const input of requirements(node, nodes)) {
      pending[node.position] = (pending[node.position] ?? 0) + 1;
      consumers[input.position]?.push(node.position);
    }
  const ready = new SmallestFirst();
  for (const [position, count] of pending.entries()) if (count === 0) ready.push(position);
  const order: FileNode[] = [];
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    const node = list[next];
    if (node) order.push(node);
    for (const consumer of consumers[next] ?? []) {
      const left = (pending[consumer] ?? 0) - 1;
      pending[consumer] = left;
      if (left === 0) ready.push(consumer);
    }
  }
  if (order.length < list.length) throw cycleError(list, pending, nodes);
  return order;
}

/** Nodes that must be made before `node`, once per edge. */
function requirements(node: FileNode, nodes: ReadonlyMap<string, FileNode>): FileNode[] {
  const inputs = node.data
    .map((ref) => nodes.get(ref.node))
    .filter((input) => !isBackEdge(node, input));
  return [...inputs, ...node.controls.map((name) => nodes.get(name))].filter(
    (input) => input !== undefined,
  );
}

function cycleError(
  list: readonly FileNode[],
  pending: readonly number[],
  nodes: ReadonlyMap<string, FileNode>,
): InvalidArgumentError {
  const stuck = list.filter((node) => (pending[node.position] ?? 0) > 0);
  const path: FileNode[] = [];
  let at = stuck[0];
  while (at !== undefined && !path.includes(at) && path.length < 1000) {
    path.push(at);
    at = requirements(at, nodes).find((input) => (pending[input.position] ?? 0) > 0);
  }
  const cycle = at === undefined ? path : path.slice(path.indexOf(at));
  const names = [...cycle, ...cycle.slice(0, 1)].map((node) => node.name).reverse();
  return new InvalidArgumentError(
    `${stuck.length} nodes in a cycle: ${names.slice(0, 20).join(' -> ')}${names.length > 20 ? ' -> ...' : ''}. ` +
      'Only an edge from NextIteration to Merge may close a loop.',
    { node: names[0], op: cycle[0]?.type },
  );
}

/** Binary heap of numbers. */
class SmallestFirst {
  readonly #heap: number[] = [];

  push(value: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(value);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as number;
      if (above <= value) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = value;
  }

  pop(): number | undefined {
    const heap = this.#heap;
    const smallest = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return smallest;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child++;
      if ((heap[child] as number) >= last) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = last;
    return smallest;
  }
}
