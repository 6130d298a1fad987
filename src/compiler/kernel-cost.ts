/** What a kernel does at least: floating-point operations, and bytes read and written once each. */
import { elementCount } from '../graph/shape.js';
import { operands, walk, type Expr, type ScalarType } from '../ir/expr.js';
import { kernelExprs, type Kernel, type ScatterKernel, type Store } from '../ir/kernel.js';
import { storageBytes } from '../ir/storage.js';

export interface KernelCost {
  /** Arithmetic on floats; a transcendental function counts as one, index arithmetic as none. */
  readonly flops: number;
  /** Each element once, however often it is loaded: what perfect caches would leave. */
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

export function kernelCost(kernel: Kernel): KernelCost {
  const tally = new Tally();
  switch (kernel.kind) {
    case 'map':
      tally.stores(kernel.stores, elementCount(kernel.shape));
      break;
    case 'maps':
      for (const { shape, stores } of kernel.parts) tally.stores(stores, elementCount(shape));
      break;
    case 'reduce': {
      const rows = elementCount(kernel.shape);
      const all = rows * elementCount(kernel.inner);
      for (const { value, type } of kernel.stages) {
        tally.add([value], all);
        if (isFloat(type)) tally.flops += all;
      }
      tally.stores(kernel.rowStores, rows);
      tally.stores(kernel.elementStores, all);
      break;
    }
    case 'contract': {
      const { batch, m, n, k } = kernel;
      tally.add([kernel.a], batch * m * k);
      tally.add([kernel.b], batch * k * n);
      if (isFloat(kernel.type)) tally.flops += 2 * batch * m * n * k;
      tally.stores(kernel.stores, batch * m * n);
      break;
    }
    case 'scatter':
      tally.scatter(kernel);
  }
  return { flops: tally.flops, ...tally.bytes(kernel) };
}

/** Points a kernel visits, loops inside expressions included: how long it takes, roughly. */
export function kernelSteps(kernel: Kernel): number {
  let folds = 1;
  walk(kernelExprs(kernel), (node) => {
    if (node.kind === 'fold') folds += node.extent;
  });
  switch (kernel.kind) {
    case 'map':
      return elementCount(kernel.shape) * folds;
    case 'maps':
      return kernel.parts.reduce((sum, { shape }) => sum + elementCount(shape), 0) * folds;
    case 'reduce': {
      const points = elementCount(kernel.shape) * elementCount(kernel.inner);
      return points * (kernel.stages.length + 1) * folds;
    }
    case 'contract':
      return kernel.batch * kernel.m * kernel.n * kernel.k * folds;
    case 'scatter':
      return (elementCount(kernel.shape) + elementCount(kernel.out)) * folds;
  }
}

const isFloat = (type: ScalarType): boolean => type === 'f32' || type === 'f64';

class Tally {
  flops = 0;
  readonly #read = new Map<number, number>();
  readonly #written = new Map<number, number>();

  /** Expressions evaluated together at so many points: what they share is computed once. */
  add(roots: readonly Expr[], points: number): void {
    const seen = new Set<Expr>();
    const stack = [...roots];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (seen.has(node)) continue;
      seen.add(node);
      if (node.kind === 'fold') {
        if (isFloat(node.type)) this.flops += points * node.extent;
        this.add([node.body], points * node.extent);
        continue;
      }
      const inputs = node.kind === 'check' ? [node.x, node.ok] : operands(node);
      if (node.kind === 'read') count(this.#read, node.binding, points);
      const isOperation = node.kind === 'unary' || node.kind === 'binary';
      if (isOperation && inputs.some(({ type }) => isFloat(type))) this.flops += points;
      stack.push(...inputs);
    }
  }

  stores(stores: readonly Store[], points: number): void {
    this.add(
      stores.flatMap(({ at, value }) => [at, value]),
      points,
    );
    for (const { binding } of stores) count(this.#written, binding, points);
  }

  /** Every update reads and writes an element, as if no two met. */
  scatter({ shape, out, type, initial, at, value }: ScatterKernel): void {
    const updates = elementCount(shape);
    this.stores([initial], elementCount(out));
    this.add([at, value], updates);
    if (isFloat(type)) this.flops += updates;
    count(this.#read, initial.binding, updates);
    count(this.#written, initial.binding, updates);
  }

  bytes(kernel: Kernel): Omit<KernelCost, 'flops'> {
    const total = (counts: ReadonlyMap<number, number>): number =>
      kernel.bindings.reduce((sum, { storage, length }, i) => {
        const elements = Math.min(counts.get(i) ?? 0, length);
        return sum + elements * storageBytes(storage);
      }, 0);
    return { bytesRead: total(this.#read), bytesWritten: total(this.#written) };
  }
}

const count = (counts: Map<number, number>, key: number, by: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + by);
};
