/**
 * FlowBuilder: the values, nodes and random streams of a Flow while it is made. What it hands out
 * are ids; a value is never changed, but the newest ones can be taken back before a node has them.
 */
import type { DType, NdArray } from '../graph/dtype.js';
import type { Place, RandomDecl } from '../ir/program.js';
import { storageOf } from '../ir/storage.js';
import type { FlowNode, Value } from './flow.js';

export class FlowBuilder {
  readonly values: Value[] = [];
  readonly nodes: FlowNode[] = [];
  readonly random: RandomDecl[] = [];
  readonly #producer = new Map<number, FlowNode>();

  /** @param hasDevice whether kernels may run on a device; otherwise all is on the host. */
  constructor(readonly hasDevice: boolean) {}

  readonly value = (id: number): Value => this.values[id] as Value;

  /** @param base id of the value whose elements these are; by default its own. */
  addValue(init: Omit<Value, 'id' | 'base'>, base?: number): number {
    const id = this.values.length;
    this.values.push({ ...init, id, base: base ?? id });
    return id;
  }

  addConstant(data: NdArray, label: string): number {
    const { dtype, shape } = data;
    const place = this.placeOf(dtype);
    return this.addValue({ dtype, shape, place, source: { kind: 'constant', data }, label });
  }

  /** Puts constants in the place of the outputs of a node that was not pushed. */
  replaceOutputs(node: FlowNode, known: readonly NdArray[]): readonly number[] {
    this.values.length = node.outputs[0] ?? this.values.length;
    return known.map((data) => this.addConstant(data, node.name));
  }

  push(node: FlowNode): void {
    this.nodes.push(node);
    for (const id of node.outputs) this.#producer.set(id, node);
  }

  producerOf(id: number): FlowNode | undefined {
    return this.#producer.get(id);
  }

  /** Where values of this dtype live unless their node says otherwise. */
  placeOf(dtype: DType): Place {
    return this.hasDevice && dtype !== 'int64' && storageOf(dtype, 'device') !== undefined
      ? 'device'
      : 'host';
  }
}
