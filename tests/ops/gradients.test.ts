/**
 * The gradient of every op that has one, against central differences along a direction, first and
 * second order. Shapes, attrs and integer inputs are those of the corpus's cases.
 */
import { describe, expect, it } from '@jest/globals';
import type { DType, NdArray } from '../../src/graph/dtype.js';
import { convertToTensor } from '../../src/graph/add-node.js';
import { graphBuilder } from '../../src/graph/builder.js';
import { Graph } from '../../src/graph/graph.js';
import { isNdArray } from '../../src/graph/nd-array.js';
import type { AttrSpec } from '../../src/graph/op-schema.js';
import type { Operation, Tensor } from '../../src/graph/operation.js';
import { elementCount } from '../../src/graph/shape.js';
import { groupByArg, inputArgs, plainAttrs } from '../../src/graph/signature.js';
import { allOps } from '../../src/ops/index.js';
import type { AnyOpDef } from '../../src/ops/op-def.js';
import { graphFromGraphDef } from '../../src/serialize/graph-def.js';
import { feedsOf, graphBytes, opTypes, type Line } from '../support/golden-corpus.js';
import { outOfScope, sections } from '../support/golden-sections.js';
import { checkGradient, evaluate, spread } from './gradient-check.js';
import {
  gradientSpecs,
  uncheckedGradients,
  type GradientSpec,
  type Inputs,
  type Interval,
} from './gradient-domains.js';

const differentiable = allOps.filter(
  (def) => typeof def.grad === 'function' && !uncheckedGradients.has(def.name),
);
const casesPerOp = 4;
const maxElements = 600;

/** A node of a corpus graph with the values of its inputs. */
interface OpCase {
  readonly id: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: Inputs;
}

const corpus = new Map<string, Line[]>();
for (const { name, lines } of sections()) {
  if (!/^(ops|wire|grads$)/.test(name) || name === 'ops/large') continue;
  for (const line of lines) {
    const types = outOfScope(line) === null ? opTypes(line) : [];
    if (types.some((type) => /^Var|Random|^Truncated/.test(type))) continue;
    for (const type of types) corpus.set(type, [...(corpus.get(type) ?? []), line]);
  }
}

const isFloat = (dtype: DType): boolean => /^b?float/.test(dtype);

function valuesOf(graph: Graph, op: Operation, line: Line): readonly NdArray[] {
  const feeds = Object.entries(feedsOf(line.inputs)).map(
    ([name, value]) => [graph.tensor(`${name}:0`), value] as const,
  );
  return evaluate(op.inputs, new Map(feeds));
}

/** Cases of an op, of different attrs and shapes, small first. */
function casesOf(def: AnyOpDef): OpCase[] {
  const cases = new Map<string, OpCase & { readonly size: number }>();
  for (const line of corpus.get(def.name) ?? []) {
    const graph = graphFromGraphDef(graphBytes(line));
    const fed = feedsOf(line.inputs);
    const op = graph.operations.find(({ type, name }) => type === def.name && !(name in fed));
    if (op === undefined) continue;
    const attrs = plainAttrs(def, op.attrs, op.name);
    const values = valuesOf(graph, op, line);
    const size = values.reduce((n, { shape }) => n + elementCount(shape), 0);
    if (!values.some(({ dtype }) => isFloat(dtype)) || size > maxElements) continue;
    const inputs = groupByArg(
      inputArgs(def, attrs),
      values.map((value) => value),
    );
    const lists = Object.entries(inputs).map(
      ([arg, value]) => [arg, isNdArray(value) ? [value] : value] as const,
    );
    const key = JSON.stringify([attrs, values.map(({ shape }) => shape)], (name, value: unknown) =>
      /^T|type/i.test(name) ? undefined : value,
    );
    if (!cases.has(key))
      cases.set(key, { id: line.id, attrs, inputs: Object.fromEntries(lists), size });
  }
  const spec = gradientSpecs[def.name];
  const fitting = [...cases.values()].filter(
    ({ inputs, attrs }) => spec?.skip?.(inputs, attrs) !== true,
  );
  const [smallest, ...others] = fitting.sort((a, b) => a.size - b.size);
  // The larger ones say more: batches, several channels, broadcasts.
  return smallest === undefined ? [] : [smallest, ...others.reverse()].slice(0, casesPerOp);
}

const intervalOf = (domain: GradientSpec['domain'], arg: string): Interval => {
  if (domain === undefined) return [-2, 2];
  return isInterval(domain) ? domain : (domain[arg] ?? [-2, 2]);
};
const isInterval = (domain: NonNullable<GradientSpec['domain']>): domain is Interval =>
  Array.isArray(domain);

/** Floats of the case's shapes, in the op's domain, in float64. */
function inDomain(def: AnyOpDef, { inputs }: OpCase): Inputs {
  const domain = gradientSpecs[def.name]?.domain;
  const entries = Object.entries(inputs).map(([arg, values], i) => {
    const [low, high] = intervalOf(domain, arg);
    return [
      arg,
      values.map((value, j) =>
        isFloat(value.dtype) ? spread(value.shape, low, high, 3 + 10 * i + j) : value,
      ),
    ] as const;
  });
  return Object.fromEntries(entries);
}

/** The case's attrs with float64 for every float dtype. */
function wideAttrs(def: AnyOpDef, attrs: OpCase['attrs']): Record<string, unknown> {
  const wide = (dtype: unknown): unknown => (isFloat(dtype as DType) ? 'float64' : dtype);
  const entries = Object.entries(def.attrs as Record<string, AttrSpec>).map(([name, { kind }]) => {
    const value = attrs[name];
    if (kind === 'type') return [name, wide(value)] as const;
    return [name, kind === 'list(type)' ? (value as unknown[]).map(wide) : value] as const;
  });
  return { ...Object.fromEntries(entries), ...gradientSpecs[def.name]?.attrs };
}

function checkCase(def: AnyOpDef, given: OpCase): void {
  const spec = gradientSpecs[def.name] ?? {};
  const attrs = wideAttrs(def, given.attrs);
  const run = (type: string, values: readonly NdArray[]): NdArray => {
    const schema = allOps.find(({ name }) => name === type);
    const own = Object.fromEntries(
      Object.entries(attrs).filter(([name]) => name in ((schema?.attrs ?? {}) as object)),
    );
    return new Graph().asDefault(() => {
      const tensors = values.map((value) => convertToTensor(value));
      return evaluate([graphBuilder().op(type, tensors, own)], new Map())[0] as NdArray;
    });
  };
  const wide = inDomain(def, given);
  const inputs = spec.prepare?.(wide, run) ?? wide;
  const isBy = (arg: string, value: NdArray): boolean =>
    isFloat(value.dtype) && (spec.by?.includes(arg) ?? true);
  const variables = Object.entries(inputs).flatMap(([arg, values]) =>
    values.filter((value) => isBy(arg, value)),
  );
  const build = (xs: readonly Tensor[]): readonly Tensor[] => {
    let next = 0;
    const args = Object.entries(inputs).map(([arg, values]) => {
      const tensors = values.map((value) =>
        isBy(arg, value) ? (xs[next++] as Tensor) : convertToTensor(value),
      );
      const kind = (def.inputs as Record<string, unknown>)[arg];
      return typeof kind === 'object' ? tensors : (tensors[0] as Tensor);
    });
    const outputs = graphBuilder().ops(def.name, args, attrs);
    return outputs.filter(({ dtype }) => isFloat(dtype)).slice(0, spec.outputs);
  };
  checkGradient(build, variables, 'static', spec.order, spec.step);
}

describe.each(differentiable.map((def) => [def.name, def] as const))('%s', (_, def) => {
  const cases = casesOf(def);
  it('has cases to check its gradient on', () => {
    expect(cases.length).toBeGreaterThan(0);
  });

  it.each(cases.map((given) => [given.id, given] as const))(
    'has the gradient that differences say on %s',
    (_id, given) => {
      checkCase(def, given);
    },
  );
});

describe('the specifications', () => {
  it('are of ops that have a gradient', () => {
    const names = allOps.filter((def) => typeof def.grad === 'function').map(({ name }) => name);
    const all = [...Object.keys(gradientSpecs), ...uncheckedGradients.keys()];
    expect(all.filter((name) => !names.includes(name))).toEqual([]);
  });
});
