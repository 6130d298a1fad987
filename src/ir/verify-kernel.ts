/**
 * Verifier of kernels: what a printer and a runtime may rely on. It runs in every test and costs a
 * walk over the expressions; a failure is a bug of the compiler, never of the user.
 */
import { InternalError } from '../errors.js';
import {
  firstFoldAxis,
  isComplexType,
  operands,
  walk,
  type Expr,
  type ExprOf,
  type ScalarType,
} from './expr.js';
import { ExprKeys } from './expr-keys.js';
import {
  contractAxes,
  hasChecks,
  kernelExprs,
  type Kernel,
  type MapsKernel,
  type ScatterKernel,
  type Stage,
  type Store,
} from './kernel.js';
import { printExpr } from './print.js';
import { combinerError, isHostOnly, storageOfType, typeError } from './verify-types.js';
import type { Place } from './program.js';

/** Where the kernel runs, and what to call it. */
export interface VerifyKernelOptions {
  /** On a device there are no 64-bit types and no strings. Default `host`. */
  readonly place?: Place;
  /** Put before messages, such as `step 3`. */
  readonly where?: string;
  /** Names of the graph nodes inside. */
  readonly nodes?: readonly string[];
}

/** What the expressions in one position of a kernel may use. */
interface Scope {
  readonly position: string;
  readonly axes: (axis: number) => boolean;
  /** Results of stages at hand. */
  readonly stages: readonly Stage[];
  readonly acc: ScalarType | null;
}

/**
 * @throws InternalError naming the kernel, the position in it and the expression, if the kernel
 *   breaks a rule of the kernel IR.
 */
export function verifyKernel(kernel: Kernel, options: VerifyKernelOptions = {}): void {
  new KernelVerifier(kernel, options).run();
}

class KernelVerifier {
  readonly #checked = new Set<Expr>();
  readonly #reads = new Set<ExprOf<'read'>>();
  readonly #keys = new ExprKeys();

  constructor(
    readonly kernel: Kernel,
    readonly options: VerifyKernelOptions,
  ) {}

  run(): void {
    const { kernel } = this;
    this.#extents();
    walk(kernelExprs(kernel), (node) => {
      if (node.kind === 'read') this.#reads.add(node);
    });
    for (const binding of kernel.bindings) {
      if (!(Number.isInteger(binding.length) && binding.length >= 1))
        this.#fail(`a binding has length ${binding.length}`);
      if (this.options.place === 'device' && isHostOnly(binding.storage))
        this.#fail(`a binding has storage ${binding.storage}, which is the host's only`);
    }
    switch (kernel.kind) {
      case 'map':
        return this.#stores(kernel.stores, scope('store', below(kernel.shape.length)));
      case 'maps':
        return this.#maps(kernel);
      case 'reduce':
        return this.#reduce(kernel);
      case 'contract':
        return this.#contract(kernel);
      case 'scatter':
        return this.#scatter(kernel);
    }
  }

  #extents(): void {
    const { shape, summed } = spaceOf(this.kernel);
    // A sum over nothing is zero; a kernel for no outputs is no kernel.
    if (!shape.every((extent) => Number.isInteger(extent) && extent >= 1))
      this.#fail(`its iteration space is [${shape.join(',')}]`);
    if (!summed.every((extent) => Number.isInteger(extent) && extent >= 0))
      this.#fail(`it reduces over [${summed.join(',')}]`);
  }

  #maps(kernel: MapsKernel): void {
    if (hasChecks(kernel)) this.#fail('one of its parts may fail');
    const touched = kernel.parts.map(({ stores }) => bindingsOf(stores));
    for (const [i, { shape, stores }] of kernel.parts.entries()) {
      const at = scope(`part ${i}`, below(shape.length));
      this.#stores(stores, at);
      for (const { binding } of stores)
        if (touched.some((others, j) => j !== i && others.has(binding)))
          this.#fail(`binding ${binding} is stored to, and touched by another part`, null, at);
    }
  }

  #reduce(kernel: Kernel & { readonly kind: 'reduce' }): void {
    const rows = below(kernel.shape.length);
    const all = below(kernel.shape.length + kernel.inner.length);
    const { stages } = kernel;
    for (const [i, stage] of stages.entries()) {
      const at = scope(`stage ${i}`, all, stages.slice(0, i));
      this.#expr(stage.value, at);
      const wrong = stage.value.type === stage.type ? combinerError(stage) : `it is ${stage.type}`;
      if (wrong !== null) this.#fail(wrong, stage.value, at);
    }
    this.#stores(kernel.rowStores, scope('row store', rows, stages));
    this.#stores(kernel.elementStores, scope('element store', all, stages));
  }

  #contract(kernel: Kernel & { readonly kind: 'contract' }): void {
    const { batch, m, n, k } = contractAxes;
    if (kernel.type === 'str') this.#fail('it multiplies strings');
    const but = (missing: number) => (axis: number) =>
      axis !== missing && [batch, m, n, k].includes(axis as 0);
    for (const [position, expr, missing] of [
      ['a', kernel.a, n],
      ['b', kernel.b, m],
    ] as const) {
      const at = scope(position, but(missing));
      this.#expr(expr, at);
      if (expr.type !== kernel.type) this.#fail(`its type is not ${kernel.type}`, expr, at);
    }
    this.#stores(kernel.stores, scope('store', but(k), [], kernel.type));
  }

  #scatter(kernel: ScatterKernel): void {
    const { shape, out, initial, combine, type } = kernel;
    const all = shape.length + out.length;
    this.#stores(
      [initial],
      scope('initial', (axis) => axis >= shape.length && axis < all),
    );
    const at = scope('update', below(shape.length));
    this.#expr(kernel.at, at);
    this.#expr(kernel.value, at);
    if (kernel.at.type !== 'i32') this.#fail('a place to update is not i32', kernel.at, at);
    const wrong =
      kernel.value.type === type ? combinerError({ combine, type }) : `its type is not ${type}`;
    if (wrong !== null) this.#fail(wrong, kernel.value, at);
    if (initial.value.type !== type) this.#fail(`it starts from a ${initial.value.type}`);
    walk([kernel.at, kernel.value], (node) => {
      if (node.kind === 'read' && node.binding === initial.binding)
        this.#fail('an update reads the result', node, at);
    });
  }

  #stores(stores: readonly Store[], at: Scope): void {
    const places = this.#placesOf(stores);
    if (stores.length === 0 && this.kernel.kind !== 'reduce') this.#fail('it stores nothing');
    for (const store of stores) {
      const binding = this.kernel.bindings[store.binding];
      if (binding === undefined)
        return this.#fail(`there is no binding ${store.binding}`, null, at);
      if (binding.access !== 'read_write')
        this.#fail(`binding ${store.binding} is stored to, and is bound for reading`, null, at);
      this.#expr(store.at, at);
      this.#expr(store.value, at);
      if (store.at.type !== 'i32') this.#fail('a place to store at is not i32', store.at, at);
      if (storageOfType(store.value.type) !== binding.storage)
        this.#fail(
          `a ${store.value.type} is stored to binding ${store.binding} of ${binding.storage}`,
          store.value,
          at,
        );
      this.#ownElement(store, places, at);
    }
  }

  /** Elements that stores made together write, per binding: both parts of a complex number, say. */
  #placesOf(stores: readonly Store[]): ReadonlyMap<number, ReadonlySet<string>> {
    const places = new Map<number, Set<string>>();
    for (const { binding, at } of stores)
      places.set(binding, (places.get(binding) ?? new Set()).add(this.#keys.of(at)));
    return places;
  }

  /** What a kernel both reads and writes it must read at an element it writes: no other is safe. */
  #ownElement(store: Store, places: ReadonlyMap<number, ReadonlySet<string>>, at: Scope): void {
    for (const node of this.#reads) {
      if (node.binding !== store.binding) continue;
      if (places.get(store.binding)?.has(this.#keys.of(node.at)) !== true)
        this.#fail(`binding ${store.binding} is stored to, and read at another element`, node, at);
    }
  }

  /** Everything about one root expression but the type of its use. */
  #expr(root: Expr, at: Scope): void {
    const free = new Map<Expr, ReadonlySet<number>>();
    walk([root], (node) => {
      this.#leaf(node, at);
      free.set(node, this.#freeFolds(node, free, at));
      if (this.#checked.has(node)) return;
      this.#checked.add(node);
      const wrong = typeError(node);
      if (wrong !== null) this.#fail(wrong, node, at);
      if (isComplexType(node.type)) this.#fail(`a ${node.type} is left`, node, at);
      if (this.options.place === 'device' && isHostOnly(node.type))
        this.#fail(`${node.type} is computed with on a device`, node, at);
    });
    for (const axis of free.get(root) ?? [])
      this.#fail(`loop variable ${axis} is used outside its fold`, root, at);
  }

  #leaf(node: Expr, at: Scope): void {
    if (node.kind === 'load') this.#fail(`a load of value ${node.value} is left`, node, at);
    if (node.kind === 'index' && node.axis < firstFoldAxis && !at.axes(node.axis))
      this.#fail(`axis ${node.axis} cannot be used here`, node, at);
    if (node.kind === 'read') this.#read(node, at);
    if (node.kind === 'stage' && at.stages[node.stage]?.type !== node.type)
      this.#fail(`stage ${node.stage} of type ${node.type} is not defined before`, node, at);
    if (node.kind === 'acc' && at.acc !== node.type)
      this.#fail(`acc of type ${node.type} is not defined here`, node, at);
  }

  #read(node: Expr & { readonly kind: 'read' }, at: Scope): void {
    const binding = this.kernel.bindings[node.binding];
    if (binding === undefined) return this.#fail(`there is no binding ${node.binding}`, node, at);
    if (storageOfType(node.type) !== binding.storage && node.type !== binding.storage)
      this.#fail(`${node.type} is read from a binding of ${binding.storage}`, node, at);
    if (node.at.kind !== 'const') return;
    const place = Number(node.at.value);
    if (place < 0 || place >= binding.length)
      this.#fail(`element ${place} of ${binding.length} is read`, node, at);
  }

  /** Loop variables in a node that no fold within it binds. */
  #freeFolds(
    node: Expr,
    free: ReadonlyMap<Expr, ReadonlySet<number>>,
    at: Scope,
  ): ReadonlySet<number> {
    if (node.kind === 'index') return node.axis < firstFoldAxis ? none : new Set([node.axis]);
    const inside = operands(node).reduce((all, operand) => union(all, free.get(operand)), none);
    if (node.kind !== 'fold') return inside;
    if (!(Number.isInteger(node.extent) && node.extent >= 0))
      this.#fail(`a fold has extent ${node.extent}`, node, at);
    if (node.axis < firstFoldAxis)
      this.#fail(`a fold loops over axis ${node.axis} of the kernel`, node, at);
    return new Set([...inside].filter((axis) => axis !== node.axis));
  }

  #fail(rule: string, node: Expr | null = null, at: Scope | null = null): never {
    const { where, nodes } = this.options;
    const parts = [where, `kernel "${this.kernel.label}"`, at?.position];
    const place = parts.filter((part) => part !== undefined).join(', ');
    const shown = node === null ? '' : ` In: ${shorten(printExpr(node))}`;
    throw new InternalError(`Invalid ${this.kernel.kind} ${place}: ${rule}.${shown}`, {
      node: nodes?.[0] ?? this.kernel.label,
    });
  }
}

/** Extents that may not be zero, and those of sums, which may. */
function spaceOf(kernel: Kernel): {
  readonly shape: readonly number[];
  readonly summed: readonly number[];
} {
  switch (kernel.kind) {
    case 'map':
      return { shape: kernel.shape, summed: [] };
    case 'maps':
      return { shape: kernel.parts.flatMap((part) => part.shape), summed: [] };
    case 'reduce':
      return { shape: kernel.shape, summed: kernel.inner };
    case 'contract':
      return { shape: [kernel.batch, kernel.m, kernel.n], summed: [kernel.k] };
    case 'scatter':
      return { shape: [...kernel.shape, ...kernel.out], summed: [] };
  }
}

function bindingsOf(stores: readonly Store[]): ReadonlySet<number> {
  const bindings = new Set(stores.map(({ binding }) => binding));
  walk(
    stores.flatMap(({ at, value }) => [at, value]),
    (node) => {
      if (node.kind === 'read') bindings.add(node.binding);
    },
  );
  return bindings;
}

const shorten = (text: string): string => (text.length <= 400 ? text : `... ${text.slice(-400)}`);

const none: ReadonlySet<number> = new Set();
const union = (a: ReadonlySet<number>, b: ReadonlySet<number> = none): ReadonlySet<number> =>
  a.size === 0 ? b : b.size === 0 || a === b ? a : new Set([...a, ...b]);

const below =
  (count: number) =>
  (axis: number): boolean =>
    axis >= 0 && axis < count;

const scope = (
  position: string,
  axes: Scope['axes'],
  stages: readonly Stage[] = [],
  acc: ScalarType | null = null,
): Scope => ({ position, axes, stages, acc });
