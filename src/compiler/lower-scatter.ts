/**
 * Scatters lowered: as a kernel over the updates, each of which finds its place, or as a reduction
 * over the results, each of which looks for its updates. The first does as much work as there are
 * updates and results; the second multiplies them, but fuses with what follows and, on a device,
 * combines in an order that is always the same (see docs/adr/0006).
 */
import { elementCount, type StaticShape } from '../graph/shape.js';
import {
  and,
  binary,
  cast,
  constant,
  eq,
  ge,
  int,
  like,
  lt,
  select,
  type Expr,
} from '../ir/expr.js';
import { identityOf } from '../ir/identity.js';
import type { Place } from '../ir/program.js';
import { narrowingOf } from '../ir/storage.js';
import type { ReducePlan, ScatterPlan } from '../ops/op-def.js';
import type { FlowNode, Value } from './flow.js';
import { indices, ravel } from './index-algebra.js';
import type { MapPiece, ScatterPiece } from './piece.js';

/**
 * What decides on a device, measured on llvmpipe with sums of rows. Up to so many steps (results
 * times slices) a reduction takes no longer than the two kernels of a scatter.
 */
const maxGatherSteps = 2 ** 19;
/** With fewer results, many updates wait for each other at each of them. */
const minScatterResults = 256;
/** With fewer places, a reduction's few steps for each update are faster than an atomic one. */
const minScatterPlaces = 32;

/** The axes of the output that places name, and those that slices have. */
function split(plan: ScatterPlan, shape: StaticShape): { places: number[]; rest: number[] } {
  const depth = plan.place(indices(plan.slices.length)).length;
  return { places: shape.slice(0, depth), rest: shape.slice(depth) };
}

/** Whether a scatter is one on its place, or else a reduction of what each result gathers. */
export function scatters(plan: ScatterPlan, shape: StaticShape, place: Place): boolean {
  if (place === 'host') return true;
  const results = elementCount(shape);
  const { places } = split(plan, shape);
  return (
    elementCount(places) >= minScatterPlaces &&
    results >= minScatterResults &&
    results * elementCount(plan.slices) > maxGatherSteps
  );
}

/** The scatter itself; without updates, a map of what the elements hold anyway. */
export function scatterPiece(
  node: FlowNode,
  plan: ScatterPlan,
  output: Value,
): ScatterPiece | MapPiece {
  const out = output.shape;
  const { places, rest } = split(plan, out);
  const shape = [...plan.slices, ...rest];
  const base = { place: node.place, nodes: [node.name] };
  if (elementCount(shape) === 0) {
    const expr = plan.initial(indices(out.length));
    return { ...base, kind: 'map', shape: out, outputs: [{ value: output.id, expr }] };
  }
  const slice = indices(plan.slices.length);
  const within = indices(rest.length, slice.length);
  const named = plan.place(slice);
  const flat = ravel([...named.map((at) => cast('i32', at)), ...within], out);
  const inside = named.flatMap((at, axis) => [
    ge(at, like(at, 0)),
    lt(at, like(at, places[axis] ?? 0)),
  ]);
  return {
    ...base,
    kind: 'scatter',
    shape,
    out,
    combine: plan.combine,
    round: narrowingOf(output.dtype),
    at: inside.length === 0 ? flat : select(inside.reduce(and), flat, int(-1)),
    update: plan.value(slice, within),
    outputs: [{ value: output.id, expr: plan.initial(indices(out.length, shape.length)) }],
  };
}

/** The same from the results' side: each combines the updates whose place it is. */
export function gatheringPlan(plan: ScatterPlan, shape: StaticShape): ReducePlan {
  const { combine, slices, place, value, initial } = plan;
  return {
    rows: shape,
    inner: slices,
    stages: [
      {
        combine,
        value: (row, slice) => {
          const here = place(slice).map((at, axis) => eq(at, cast(at.type, row[axis] ?? int(0))));
          const update = value(slice, row.slice(here.length));
          const none = constant(update.type, identityOf(combine, update.type));
          return here.length === 0 ? update : select(here.reduce(and), update, none);
        },
      },
    ],
    outputs: [{ of: 'row', value: (row, stages) => joined(combine, initial(row), stages) }],
  };
}

const functions = { sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const;

/** The start and what was gathered; a sum that starts from nothing is what was gathered. */
function joined(
  combine: ScatterPlan['combine'],
  start: Expr,
  [result = start]: readonly Expr[],
): Expr {
  const isNothing = combine === 'sum' && start.kind === 'const' && Number(start.value) === 0;
  return isNothing ? result : binary(functions[combine], start, result);
}
