/** Steps of random graphs that move elements: views, joins, parts. */
import * as tf from 'defrun';
import { concat } from '../../src/ops/array/concat.js';
import { getItem, type IndexItem } from '../../src/ops/array/get-item.js';
import { stack, unstack } from '../../src/ops/array/pack.js';
import { slice } from '../../src/ops/array/slice.js';
import { split } from '../../src/ops/array/split.js';
import { broadcastTo, tile } from '../../src/ops/array/tile.js';
import { elementCount, type StaticShape } from '../../src/graph/shape.js';
import type { Fact } from './random-graph.js';
import type { Rng } from './rng.js';
import { step } from './random-math.js';
import type { StepSource } from './random-steps.js';

/** Shape all broadcast to, or null. */
export function broadcastShapes(shapes: readonly StaticShape[]): StaticShape | null {
  const rank = Math.max(...shapes.map((s) => s.length));
  const out: number[] = [];
  for (let axis = 0; axis < rank; axis++) {
    const dims = new Set(shapes.map((s) => s[axis - rank + s.length] ?? 1));
    dims.delete(1);
    if (dims.size > 1) return null;
    out.push([...dims][0] ?? 1);
  }
  return out;
}

export const transpose: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.length > 1);
  const perm = rng.shuffled([...x.fact.shape.keys()]);
  const shape = perm.map((axis) => x.fact.shape[axis] ?? 1);
  return step(`transpose [${perm.join()}]`, [x.id], { ...x.fact, shape }, ([a]) =>
    tf.transpose(a as tf.Tensor, perm),
  );
};

/** The extents regrouped: some neighbours merged, some split by a factor. */
function regrouped(rng: Rng, shape: StaticShape): number[] {
  const out: number[] = [];
  for (const dim of shape) {
    const last = out.at(-1);
    const factor = rng.pick([2, 3, 4]);
    if (last !== undefined && rng.chance(0.4)) out[out.length - 1] = last * dim;
    else if (dim > 0 && dim % factor === 0 && rng.chance(0.5)) out.push(factor, dim / factor);
    else out.push(dim);
  }
  return rng.chance(0.2) ? [...out, 1] : out;
}

export const reshape: StepSource = (rng, graph) => {
  const x = graph.pick();
  const shape = rng.chance(0.2) ? [elementCount(x.fact.shape)] : regrouped(rng, x.fact.shape);
  return step(`reshape [${shape.join()}]`, [x.id], { ...x.fact, shape }, ([a]) =>
    tf.reshape(a as tf.Tensor, shape),
  );
};

export const expand: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.length < 4);
  const axis = rng.below(x.fact.shape.length + 1);
  const shape = x.fact.shape.toSpliced(axis, 0, 1);
  return step(`expandDims ${axis}`, [x.id], { ...x.fact, shape }, ([a]) =>
    tf.expandDims(a as tf.Tensor, axis),
  );
};

export const sliced: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.length > 0 && !f.shape.includes(0));
  const begin = x.fact.shape.map((dim) => rng.below(Math.max(dim, 1)));
  const size = x.fact.shape.map((dim, i) => 1 + rng.below(dim - (begin[i] ?? 0)));
  return step(
    `slice [${begin.join()}] [${size.join()}]`,
    [x.id],
    { ...x.fact, shape: size },
    ([a]) => slice(a as tf.Tensor, begin, size),
  );
};

/** Indices, ranges with steps of either sign, new axes. */
export const item: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.length > 0 && !f.shape.includes(0));
  const items: IndexItem[] = [];
  const shape: number[] = [];
  for (const dim of x.fact.shape) {
    const kind = rng.below(5);
    const by = 1 + rng.below(3);
    if (rng.chance(0.1)) {
      items.push(null);
      shape.push(1);
    }
    if (kind === 0) items.push(rng.below(dim) - (rng.chance(0.5) ? dim : 0));
    else if (kind === 1) items.push(':');
    else items.push({ step: kind === 2 ? -by : by });
    if (kind > 0) shape.push(kind === 1 ? dim : Math.ceil(dim / by));
  }
  return step(`getItem ${JSON.stringify(items)}`, [x.id], { ...x.fact, shape }, ([a]) =>
    getItem(a as tf.Tensor, ...items),
  );
};

const merged = (facts: readonly Fact[]): Pick<Fact, 'bound' | 'grid' | 'error'> => ({
  bound: Math.max(...facts.map((f) => f.bound)),
  grid: Math.min(...facts.map((f) => f.grid)),
  error: Math.max(...facts.map((f) => f.error)),
});

export const joined: StepSource = (rng, graph) => {
  const first = graph.pick((f) => f.shape.length > 0);
  const { shape, dtype } = first.fact;
  const axis = rng.below(shape.length);
  const like = (f: Fact): boolean =>
    f.dtype === dtype &&
    f.shape.length === shape.length &&
    f.shape.every((dim, i) => i === axis || dim === shape[i]);
  const parts = [first, ...Array.from({ length: 1 + rng.below(4) }, () => graph.pick(like))];
  const length = parts.reduce((sum, p) => sum + (p.fact.shape[axis] ?? 0), 0);
  const fact: Fact = {
    dtype,
    shape: shape.with(axis, length),
    ...merged(parts.map((p) => p.fact)),
  };
  return step(
    `concat ${axis}`,
    parts.map((p) => p.id),
    fact,
    (inputs) => concat(inputs, axis),
  );
};

export const stacked: StepSource = (rng, graph) => {
  const first = graph.pick((f) => f.shape.length < 4);
  const { shape, dtype } = first.fact;
  const like = (f: Fact): boolean => f.dtype === dtype && f.shape.join() === shape.join();
  const parts = [first, ...Array.from({ length: 1 + rng.below(2) }, () => graph.pick(like))];
  const axis = rng.below(shape.length + 1);
  const fact: Fact = {
    dtype,
    shape: shape.toSpliced(axis, 0, parts.length),
    ...merged(parts.map((p) => p.fact)),
  };
  return step(
    `stack ${axis}`,
    parts.map((p) => p.id),
    fact,
    (inputs) => stack(inputs, axis),
  );
};

export const unstacked: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.some((dim) => dim > 0));
  const axis = rng.below(Math.max(1, x.fact.shape.length));
  const length = x.fact.shape[axis] ?? 0;
  if (length === 0 || length > 8) return null;
  const at = rng.below(length);
  const shape = x.fact.shape.toSpliced(axis, 1);
  return step(`unstack ${axis} [${at}]`, [x.id], { ...x.fact, shape }, ([a]) =>
    taken(unstack(a as tf.Tensor, { axis }), at),
  );
};

export const parted: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.some((dim) => dim % 2 === 0 && dim > 0));
  const axis = x.fact.shape.findIndex((dim) => dim % 2 === 0 && dim > 0);
  const half = (x.fact.shape[axis] ?? 0) / 2;
  const at = rng.below(2);
  const fact = { ...x.fact, shape: x.fact.shape.with(axis, half) };
  return step(`split ${axis} [${at}]`, [x.id], fact, ([a]) =>
    taken(split(a as tf.Tensor, 2, { axis }), at),
  );
};

export const tiled: StepSource = (rng, graph) => {
  const x = graph.pick((f) => f.shape.length > 0);
  const times = x.fact.shape.map(() => rng.pick([1, 1, 2, 3]));
  const shape = x.fact.shape.map((dim, i) => dim * (times[i] ?? 1));
  return step(`tile [${times.join()}]`, [x.id], { ...x.fact, shape }, ([a]) =>
    tile(a as tf.Tensor, times),
  );
};

export const broadcasted: StepSource = (rng, graph) => {
  const x = graph.pick();
  const grown = x.fact.shape.map((dim) => (dim === 1 ? rng.pick([1, 3, 5]) : dim));
  const shape = rng.chance(0.4) && grown.length < 4 ? [rng.pick([2, 3]), ...grown] : grown;
  return step(`broadcastTo [${shape.join()}]`, [x.id], { ...x.fact, shape }, ([a]) =>
    broadcastTo(a as tf.Tensor, shape),
  );
};

function taken(parts: readonly tf.Tensor[], at: number): tf.Tensor {
  const part = parts[at];
  if (part === undefined) throw new Error(`there is no part ${at}`);
  return part;
}
