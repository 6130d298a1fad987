/**
 * Specialise and fold: turns a pruned graph into a Flow for concrete feed shapes. Shape functions
 * run over full shapes, constants are computed, decompositions are expanded, equal nodes shared,
 * and each variable's reads and writes become versions.
 */
import { InvalidArgumentError, ResourceExhaustedError, UnimplementedError } from '../errors.js';
import { shortNameOf, type DType, type NdArray } from '../graph/dtype.js';
import { inferShapes } from '../graph/infer.js';
import type { OpBuilder } from '../graph/op-schema.js';
import type { Operation, Tensor } from '../graph/operation.js';
import { toNdArray } from '../graph/nd-array.js';
import {
  groupByArg,
  inputArgs,
  outputTypes,
  plainAttrs,
  type PlainAttrs,
} from '../graph/signature.js';
import {
  elementCount,
  formatShape,
  isStatic,
  type Shape,
  type StaticShape,
} from '../graph/shape.js';
import type { Place, RandomDecl } from '../ir/program.js';
import { storageOf } from '../ir/storage.js';
import { opDef } from '../ops/index.js';
import type { AnyOpDef, Part } from '../ops/op-def.js';
import { choosePlace } from './choose-place.js';
import { constantOf, lowerContext, NeedsConstant } from './context.js';
import type { Flow, FlowNode, Value, ValueSource } from './flow.js';
import { liveFlow } from './live-flow.js';
import { completeAttrs, keyOf } from './op-attrs.js';
import { dependenciesOf, type RunSignature } from './prune.js';
import { checkUpdateShapes } from './update-shapes.js';
import { VariableVersions, type VariableStates } from './variable-versions.js';
import { writtenArgs } from './written-args.js';

/** Kernels index with 32-bit integers. */
const maxElements = 2 ** 31 - 1;

function checkIndexable(shape: StaticShape, node: string, op: string): void {
  const count = elementCount(shape);
  if (count <= maxElements) return;
  throw new ResourceExhaustedError(
    `${op} "${node}": OOM: a tensor of shape ${formatShape(shape)} has ${count} elements, and kernels index at most ${maxElements}. Use a smaller batch, or split the tensor.`,
    { node, op },
  );
}

/** What specialisation is for. */
export interface SpecialiseEnv {
  /** Whether kernels may run on a device; otherwise all is on the host. */
  readonly hasDevice: boolean;
  /** Concrete shape of each feed. */
  readonly feedShapes: ReadonlyMap<Tensor, StaticShape>;
  /** Feeds whose values decide shapes. */
  readonly feedValues: ReadonlyMap<Tensor, NdArray>;
  readonly variables: VariableStates;
  /** Computes a node whose inputs are constants; null if that takes too long for a compilation. */
  readonly evaluate: (flow: Flow) => readonly NdArray[] | null;
}

/** Thrown when the values of these feeds decide a shape. */
export class NeedsFeedValues extends Error {
  constructor(readonly feeds: readonly number[]) {
    super('feed values decide shapes');
  }
}

/** Folded results may have this many elements, or as many as their inputs. */
const maxFoldedElements = 65536;

export function specialise(
  ordered: readonly Operation[],
  signature: RunSignature,
  env: SpecialiseEnv,
): Flow {
  return new Specialiser(signature, env).run(ordered);
}

class Specialiser {
  readonly #values: Value[] = [];
  readonly #nodes: FlowNode[] = [];
  readonly #producer = new Map<number, FlowNode>();
  readonly #ofTensor = new Map<Tensor, number>();
  readonly #shared = new Map<string, readonly number[]>();
  readonly #random: RandomDecl[] = [];
  readonly #variables: VariableVersions;
  readonly #fed: ReadonlySet<Tensor>;

  constructor(
    readonly signature: RunSignature,
    readonly env: SpecialiseEnv,
  ) {
    this.#fed = new Set(signature.feeds);
    this.#variables = new VariableVersions(env.variables, (init) => this.#variableValue(init));
  }

  run(ordered: readonly Operation[]): Flow {
    for (const [i, tensor] of this.signature.feeds.entries()) this.#addFeed(tensor, i);
    for (const op of ordered) {
      this.#variables.enter(op, dependenciesOf(op, this.#fed));
      this.#visit(op);
    }
    const fetches = this.signature.fetches.map((tensor) => this.#read(tensor, tensor.op));
    return liveFlow({
      values: this.#values,
      nodes: this.#nodes,
      fetches,
      feeds: this.signature.feeds.map((tensor) => ({
        name: tensor.name,
        dtype: tensor.dtype,
        shape: this.env.feedShapes.get(tensor) ?? [],
      })),
      variables: this.#variables.list((dtype) => this.#placeOf(dtype)),
      random: this.#random,
    });
  }

  #value = (id: number): Value => this.#values[id] as Value;

  #addValue(init: Omit<Value, 'id' | 'base'>, base?: number): number {
    const id = this.#values.length;
    this.#values.push({ ...init, id, base: base ?? id });
    return id;
  }

  #placeOf(dtype: DType): Place {
    return this.env.hasDevice && dtype !== 'int64' && storageOf(dtype, 'device') !== undefined
      ? 'device'
      : 'host';
  }

  #addFeed(tensor: Tensor, feed: number): void {
    const known = this.env.feedValues.get(tensor);
    const shape = this.env.feedShapes.get(tensor) ?? [];
    const source: ValueSource = known ? { kind: 'constant', data: known } : { kind: 'feed', feed };
    const place = this.#placeOf(tensor.dtype);
    const id = this.#addValue({ dtype: tensor.dtype, shape, place, source, label: tensor.op.name });
    this.#ofTensor.set(tensor, id);
  }

  #variableValue(init: {
    readonly dtype: DType;
    readonly shape: StaticShape;
    readonly node: string;
    readonly variable: number;
  }): number {
    return this.#addValue({
      dtype: init.dtype,
      shape: init.shape,
      place: this.#placeOf(init.dtype),
      source: { kind: 'variable', variable: init.variable },
      label: init.node,
    });
  }

  #addConstant(data: NdArray, label: string): number {
    return this.#addValue({
      dtype: data.dtype,
      shape: data.shape,
      place: this.#placeOf(data.dtype),
      source: { kind: 'constant', data },
      label,
    });
  }

  /** Value of a tensor as `reader` sees it: for a variable, the version its edges order it after. */
  #read(tensor: Tensor, reader: Operation): number {
    const known = this.#ofTensor.get(tensor);
    if (known !== undefined) return known;
    const key = this.#variables.keyOf(tensor);
    if (key !== undefined) return this.#variables.valueFor(key, reader);
    throw new UnimplementedError(
      `${tensor.op}: output ${tensor.index} (${tensor.dtype}) cannot be fetched or read.`,
      { node: tensor.op.name, op: tensor.op.type },
    );
  }

  #visit(op: Operation): void {
    if (op.outputs.length > 0 && op.outputs.every((output) => this.#fed.has(output))) return;
    if (op.type === 'Placeholder' || op.type === 'PlaceholderV2') throw unfed(op);
    const def = opDef(op.type);
    const attrs = plainAttrs(def, op.attrs, op.name);
    switch (def.lower.kind) {
      case 'none':
        return;
      case 'variable':
        return this.#variables.declare(op, attrs);
      case 'isInitialized':
        return this.#setConstant(op, this.#variables.isInitialized(op));
      case 'read':
        return this.#set(op.outputs[0], this.#read(op.inputs[0] as Tensor, op));
      case 'update':
        return this.#visitUpdate(op, def, attrs);
      default: {
        const handle = op.inputs[0] && this.#variables.keyOf(op.inputs[0]);
        if (handle !== undefined && op.outputs[0]?.dtype === 'resource')
          return this.#variables.alias(op.outputs[0], handle);
        const inputs = op.inputs.map((input) => this.#read(input, op));
        const outputs = this.#apply(def, attrs, inputs, op.name);
        for (const [i, output] of op.outputs.entries()) this.#set(output, outputs[i]);
      }
    }
  }

  #set(tensor: Tensor | undefined, id: number | undefined): void {
    if (tensor !== undefined && id !== undefined && !this.#ofTensor.has(tensor))
      this.#ofTensor.set(tensor, id);
  }

  #setConstant(op: Operation, value: boolean): void {
    this.#set(
      op.outputs[0],
      this.#addConstant({ dtype: 'bool', shape: [], data: Uint8Array.of(value ? 1 : 0) }, op.name),
    );
  }

  #visitUpdate(op: Operation, def: AnyOpDef, attrs: PlainAttrs): void {
    if (def.lower.kind !== 'update') return;
    const args = inputArgs(def, attrs);
    const reads = new Set<string>(def.lower.reads);
    // A reference given as a plain value (what another Assign gives back) is read like any tensor.
    const keys = op.inputs.map((input, i) =>
      args[i]?.isRef === true || input.dtype === 'resource'
        ? this.#variables.keyOf(input)
        : undefined,
    );
    const inputs = op.inputs.map((input, i) => {
      const key = keys[i];
      if (key === undefined || this.#fed.has(input)) return this.#read(input, op);
      return reads.has(args[i]?.name ?? '') ? this.#variables.latest(key) : -1;
    });
    checkUpdateShapes(
      op,
      inputs.flatMap((id, i) => {
        const { name = '' } = args[i] ?? {};
        const isState = keys[i] !== undefined;
        return id < 0 ? [] : [{ name, isState, shape: this.#value(id).shape }];
      }),
    );
    const shape = this.#writtenShape(
      op,
      def,
      args.map((a) => a.name),
      inputs,
      keys,
    );
    const place = this.#variables.placeOf(keys.find((key) => key !== undefined) ?? '', (dtype) =>
      this.#placeOf(dtype),
    );
    const written = writtenArgs(def, attrs, op.name, inputs, place, this.#value);
    const outputs: number[] = [];
    for (const [i, key] of keys.entries()) {
      if (key === undefined || !written.includes(args[i]?.name ?? '')) continue;
      const { dtype } = this.#variables.get(key);
      const id = this.#addValue({
        dtype,
        shape: shape(i),
        place,
        source: { kind: 'node' },
        label: this.#variables.get(key).node,
      });
      outputs.push(id);
      this.#variables.write(key, id, op);
    }
    this.#push({ name: op.name, def, attrs, inputs, outputs, place });
    const first = keys.find((key) => key !== undefined);
    if (op.outputs[0]?.isRef && first !== undefined) this.#variables.alias(op.outputs[0], first);
  }

  /** Shape each state input has after the update; an Assign takes the shape of its value. */
  #writtenShape(
    op: Operation,
    def: AnyOpDef,
    names: readonly string[],
    inputs: readonly number[],
    keys: readonly (string | undefined)[],
  ): (input: number) => StaticShape {
    const valueAt = names.indexOf('value');
    const value = valueAt < 0 ? undefined : this.#value(inputs[valueAt] as number);
    const pureAssign = def.lower.kind === 'update' && def.lower.reads.length === 0;
    return (i) => {
      const variable = this.#variables.get(keys[i] as string);
      if (!pureAssign || value === undefined)
        return this.#value(this.#variables.latest(variable.key)).shape;
      const declared = op.attrs.get('validate_shape')?.value === false ? null : variable.declared;
      const fits =
        declared === null ||
        (declared.length === value.shape.length &&
          declared.every((dim, axis) => dim === null || dim === value.shape[axis]));
      if (!fits)
        throw new InvalidArgumentError(
          `${op}: Assign requires shapes of both tensors to match. lhs shape= ${formatShape(declared)} rhs shape= ${formatShape(value.shape)}`,
          { node: op.name, op: op.type },
        );
      return value.shape;
    };
  }

  /** Adds an op over values, or what it folds, shares or decomposes to; returns its flat outputs. */
  #apply(
    def: AnyOpDef,
    attrs: PlainAttrs,
    inputs: readonly number[],
    name: string,
  ): readonly number[] {
    const sharingKey = def.stateful === true ? null : keyOf(def, attrs, inputs);
    const shared = sharingKey === null ? undefined : this.#shared.get(sharingKey);
    if (shared !== undefined) return shared;
    const outputs = this.#applyNew(def, attrs, inputs, name);
    if (sharingKey !== null) this.#shared.set(sharingKey, outputs);
    return outputs;
  }

  #applyNew(
    def: AnyOpDef,
    attrs: PlainAttrs,
    inputs: readonly number[],
    name: string,
  ): readonly number[] {
    const shapes = this.#shapes(def, attrs, inputs, name);
    const types = outputTypes(def, attrs);
    const place = this.env.hasDevice
      ? choosePlace(
          def,
          inputs,
          types.map((t) => t.dtype),
          shapes,
          this.#value,
        )
      : 'host';
    const start = this.#values.length;
    const outputs = types.map((type, i) =>
      this.#addValue(
        {
          dtype: type.dtype,
          shape: shapes[i] as StaticShape,
          place,
          source: { kind: 'node' },
          label: name,
        },
        this.#aliasBase(def, attrs, inputs),
      ),
    );
    const node: FlowNode = { name, def, attrs, inputs, outputs, place };
    if (def.lower.kind === 'alias') return outputs;
    const context = lowerContext(node, this.#value);
    try {
      if (def.lower.kind === 'constant') {
        const known = def.lower.value(context as never);
        if (known === null) throw new NeedsConstant(inputs);
        this.#values.length = start;
        return known.map((data) => this.#addConstant(data, name));
      }
      if (def.lower.kind === 'decompose')
        return this.#decompose(node, def.lower.into as never, context);
      const folded = this.#isFoldable(node) ? this.#fold(node, start) : null;
      if (folded !== null) return folded;
      if (def.lower.kind === 'random') {
        const advance = def.lower.advance(context as never);
        const seeded = Number(attrs['seed']) !== 0 || Number(attrs['seed2']) !== 0;
        this.#random.push({ node: name, seeded, advance });
        this.#push({ ...node, random: this.#random.length - 1 });
        return outputs;
      }
    } catch (error) {
      if (error instanceof NeedsConstant) this.#needValues(error.values, node);
      throw error;
    }
    this.#push(node);
    return outputs;
  }

  #push(node: FlowNode): void {
    this.#nodes.push(node);
    for (const id of node.outputs) this.#producer.set(id, node);
  }

  #aliasBase(def: AnyOpDef, attrs: PlainAttrs, inputs: readonly number[]): number | undefined {
    if (def.lower.kind !== 'alias') return undefined;
    const at = inputArgs(def, attrs).findIndex(
      (arg) => def.lower.kind === 'alias' && arg.name === def.lower.input,
    );
    return this.#value(inputs[at] as number).base;
  }

  #shapes(
    def: AnyOpDef,
    attrs: PlainAttrs,
    inputs: readonly number[],
    name: string,
  ): readonly StaticShape[] {
    const asked = new Set<number>();
    const known = (id: number): NdArray | null => {
      const data = constantOf(this.#value(id), this.#value);
      if (data === null) asked.add(id);
      return data;
    };
    const shapes: readonly Shape[] = inferShapes({
      schema: def,
      attrs,
      inputs: inputs.map((id) => ({
        shape: this.#value(id).shape,
        dtype: this.#value(id).dtype,
        value: () => known(id),
        partial: () => {
          const data = known(id);
          return data === null ? null : Array.from(data.data as Int32Array, Number);
        },
      })),
      fail: (message) => {
        const given = inputs.map((id) => formatShape(this.#value(id).shape)).join(', ');
        throw new InvalidArgumentError(
          `${def.name} "${name}": ${message} (input shapes: ${given || 'none'}).`,
          { node: name, op: def.name },
        );
      },
    });
    if (shapes.every(isStatic)) {
      for (const shape of shapes) checkIndexable(shape, name, def.name);
      return shapes;
    }
    // A placeholder's default, used: it is what it passes on that has a shape.
    if (def.name === 'PlaceholderWithDefault') return [this.#value(inputs[0] as number).shape];
    const node: FlowNode = { name, def, attrs, inputs, outputs: [], place: 'host' };
    return this.#needValues(asked.size > 0 ? [...asked] : inputs, node);
  }

  /** Finds the feeds behind values that must be known, and asks for a compilation that knows them. */
  #needValues(ids: readonly number[], node: FlowNode): never {
    const feeds = new Set<number>();
    const seen = new Set<number>();
    const stack = ids.map((id) => this.#value(id).base);
    for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
      if (seen.has(id)) continue;
      seen.add(id);
      const { source, label } = this.#value(id);
      if (source.kind === 'feed') feeds.add(source.feed);
      if (source.kind === 'variable')
        throw new UnimplementedError(
          `${node.def.name} "${node.name}": its output's shape depends on the value of variable "${label}"; only feeds and constants may decide shapes.`,
          { node: node.name, op: node.def.name },
        );
      for (const input of this.#producer.get(id)?.inputs ?? [])
        if (input >= 0) stack.push(this.#value(input).base);
    }
    if (feeds.size === 0)
      throw new UnimplementedError(
        `${node.def.name} "${node.name}": its output's shape depends on computed values; only feeds and constants may decide shapes.`,
        { node: node.name, op: node.def.name },
      );
    throw new NeedsFeedValues([...feeds]);
  }

  #isFoldable(node: FlowNode): boolean {
    if (node.def.stateful === true || node.inputs.length === 0) return false;
    const inputs = node.inputs.map(this.#value);
    if (inputs.some((value) => constantOf(value, this.#value) === null)) return false;
    if (
      [...inputs, ...node.outputs.map(this.#value)].some(
        (v) => storageOf(v.dtype, 'host') === undefined,
      )
    )
      return false;
    const size = (values: readonly Value[]): number =>
      values.reduce((n, v) => n + elementCount(v.shape), 0);
    const out = size(node.outputs.map(this.#value));
    // A large fill from small inputs costs less to compute than to upload.
    return out <= Math.max(1024, size(inputs)) && out <= 16 * maxFoldedElements;
  }

  #fold(node: FlowNode, start: number): readonly number[] | null {
    const ids = new Map<number, number>();
    const values: Value[] = [];
    const add = (value: Value, source: ValueSource): void => {
      ids.set(value.id, values.length);
      values.push({ ...value, id: values.length, base: values.length, place: 'host', source });
    };
    for (const id of new Set(node.inputs)) {
      const value = this.#value(id);
      add(value, { kind: 'constant', data: constantOf(value, this.#value) as NdArray });
    }
    for (const id of node.outputs) add(this.#value(id), { kind: 'node' });
    const local = (list: readonly number[]): number[] => list.map((id) => ids.get(id) as number);
    const folded = this.env.evaluate({
      values,
      nodes: [{ ...node, place: 'host', inputs: local(node.inputs), outputs: local(node.outputs) }],
      fetches: local(node.outputs),
      feeds: [],
      variables: [],
      random: [],
    });
    if (folded === null) return null;
    this.#values.length = start;
    return folded.map((data) => this.#addConstant(data, node.name));
  }

  #decompose(
    node: FlowNode,
    into: (b: OpBuilder<Part>, x: unknown, ctx: unknown) => readonly Part[],
    context: unknown,
  ): readonly number[] {
    const asParts = groupByArg<Part>(
      inputArgs(node.def, node.attrs),
      node.inputs.map((part) => ({ part })),
    );
    return into(this.#partBuilder(node.name), asParts, context).map(({ part }) => part);
  }

  #partBuilder(scope: string): OpBuilder<Part> {
    const ops: OpBuilder<Part>['ops'] = (type, inputs, attrs = {}, name = type) => {
      const def = opDef(type);
      const ids = inputs.flat().map((part) => part.part);
      const complete = completeAttrs(def, attrs, inputs, (part) => this.#value(part.part).dtype);
      return this.#apply(def, complete, ids, `${scope}/${name}`).map((part) => ({ part }));
    };
    return {
      ops,
      op: (type, inputs, attrs, name) => ops(type, inputs, attrs, name)[0] as Part,
      constant: (value, dtype) => ({
        part: this.#addConstant(toNdArray(value, { dtype, fallback: 'float32' }), `${scope}/Const`),
      }),
      shapeOf: ({ part }) => this.#value(part).shape,
      dtypeOf: ({ part }) => this.#value(part).dtype,
    };
  }
}

function unfed(op: Operation): InvalidArgumentError {
  const dtype = op.outputs[0]?.dtype ?? 'float32';
  const shape = op.outputs[0]?.shape ?? null;
  return new InvalidArgumentError(
    `You must feed a value for placeholder tensor '${op.name}' with dtype ${shortNameOf(dtype)}${shape === null ? '' : ` and shape ${formatShape(shape)}`}.${op.definedAt}`,
    { node: op.name, op: op.type },
  );
}
