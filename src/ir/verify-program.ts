/**
 * Verifier of Programs: buffers and what they stand for, steps and their places, and that every
 * value read is the one that was written. Runs the steps in the mind, one holder per arena slot.
 */
import { InternalError } from '../errors.js';
import { elementCount } from '../graph/shape.js';
import { walk } from './expr.js';
import { kernelExprs, storesOf, type Kernel } from './kernel.js';
import type { BufferDecl, Program, Step } from './program.js';
import { storageBytes, storageOf, storedLength } from './storage.js';
import { verifyKernel } from './verify-kernel.js';

/**
 * @throws InternalError naming the step or buffer and the rule, if the program is not one that a
 *   runtime may load.
 */
export function verifyProgram(program: Program): void {
  for (const [i, buffer] of program.buffers.entries()) verifyBuffer(program, buffer, i);
  new StepVerifier(program).run();
}

function fail(where: string, rule: string, node?: string): never {
  throw new InternalError(`Invalid program, ${where}: ${rule}.`, { node });
}

function verifyBuffer(program: Program, buffer: BufferDecl, i: number): void {
  const { place, dtype, storage, shape, byteLength, label } = buffer;
  const where = `buffer #${i} "${label}"`;
  const wanted = storageOf(dtype, place);
  if (wanted !== storage)
    fail(
      where,
      `${dtype} on the ${place} is stored as ${wanted ?? 'nothing'}, not ${storage}`,
      label,
    );
  const bytes = Math.max(1, storedLength(dtype, shape)) * storageBytes(storage);
  if (byteLength !== bytes) fail(where, `it has ${byteLength} bytes and needs ${bytes}`, label);
  const wrong = roleError(program, buffer);
  if (wrong !== null) fail(where, wrong, label);
}

function roleError(program: Program, buffer: BufferDecl): string | null {
  const { role, place, dtype, storage, byteLength } = buffer;
  const count = elementCount(buffer.shape);
  switch (role.kind) {
    case 'feed': {
      const feed = program.feeds[role.feed];
      if (feed === undefined) return `there is no feed ${role.feed}`;
      const fits = feed.dtype === dtype && elementCount(feed.shape) === count;
      return fits ? null : `feed ${role.feed} is ${feed.dtype} [${feed.shape.join(',')}]`;
    }
    case 'constant': {
      const { data } = role;
      const fits = data.dtype === dtype && elementCount(data.shape) === count;
      return fits ? null : `its data is ${data.dtype} [${data.shape.join(',')}]`;
    }
    case 'variable': {
      const decl = program.variables[role.variable];
      if (decl === undefined) return `there is no variable ${role.variable}`;
      if (decl.place !== place || decl.storage !== storage || decl.dtype !== dtype)
        return `variable "${decl.node}" is ${decl.dtype} stored as ${decl.storage} on the ${decl.place}`;
      const fits = elementCount(decl.shape) === count;
      return fits ? null : `variable "${decl.node}" has shape [${decl.shape.join(',')}]`;
    }
    case 'random':
      return storage === 'u32' && count >= 2 * program.random.length
        ? null
        : `it does not hold ${program.random.length} positions`;
    case 'strings':
      return storage === 'str' ? null : `it holds ${storage}, not strings`;
    case 'temp': {
      if (storage === 'str') return 'strings have no place in the arena';
      const slot = program.slots[role.slot];
      if (slot === undefined) return `there is no slot ${role.slot}`;
      if (slot.place !== place) return `slot ${role.slot} is on the ${slot.place}`;
      return slot.byteLength >= byteLength
        ? null
        : `slot ${role.slot} has ${slot.byteLength} bytes`;
    }
  }
}

class StepVerifier {
  /** Buffers that hold their value now. */
  readonly #written = new Set<number>();
  /** Temp whose value a slot holds now. */
  readonly #holder = new Map<number, number>();
  #where = '';

  constructor(readonly program: Program) {
    for (const [i, { role }] of program.buffers.entries()) {
      const isFilled = role.kind === 'feed' || role.kind === 'constant' || role.kind === 'random';
      const isFound = role.kind === 'variable' && program.variables[role.variable]?.reads === true;
      if (isFilled || isFound) this.#written.add(i);
    }
  }

  run(): void {
    const { steps, fetches } = this.program;
    for (const [i, step] of steps.entries()) {
      this.#where = `step ${i} (${step.kind})`;
      this.#step(step);
    }
    for (const [i, fetch] of fetches.entries()) {
      this.#where = `fetch ${i}`;
      if (fetch.kind === 'feed') this.#fetchFeed(fetch.feed, elementCount(fetch.shape));
      if (fetch.kind !== 'buffer') continue;
      const { dtype, shape } = this.#buffer(fetch.buffer);
      if (dtype !== fetch.dtype || elementCount(shape) !== elementCount(fetch.shape))
        this.#fail(
          `${fetch.dtype} [${fetch.shape.join(',')}] is fetched from ${this.#name(fetch.buffer)} of ${dtype} [${shape.join(',')}]`,
        );
      this.#read(fetch.buffer);
    }
    this.#finalValues();
  }

  #fetchFeed(at: number, count: number): void {
    const feed = this.program.feeds[at] ?? this.#fail(`there is no feed ${at}`);
    if (elementCount(feed.shape) !== count)
      this.#fail(`${count} elements are fetched from feed ${at} of [${feed.shape.join(',')}]`);
  }

  #step(step: Step): void {
    if (step.kind === 'kernel') return this.#kernel(step);
    const from = this.#buffer(step.from);
    const to = this.#buffer(step.to);
    if (step.kind === 'copy' && (from.place !== step.place || to.place !== step.place))
      this.#fail(`it copies on the ${step.place}, from the ${from.place} to the ${to.place}`);
    if (step.kind === 'copy' && from.storage !== to.storage)
      this.#fail(`it copies ${from.storage} to ${to.storage}`);
    if (step.kind === 'transfer' && from.place === to.place)
      this.#fail(`both ends are on the ${to.place}`);
    if (from.dtype !== to.dtype) this.#fail(`it turns ${from.dtype} into ${to.dtype}`);
    if (elementCount(from.shape) !== elementCount(to.shape))
      this.#fail(`it moves [${from.shape.join(',')}] to [${to.shape.join(',')}]`);
    this.#read(step.from);
    this.#write(step.to);
  }

  #kernel(step: Step & { readonly kind: 'kernel' }): void {
    const { kernel, buffers, place, nodes } = step;
    verifyKernel(kernel, { place, nodes, where: this.#where });
    if (buffers.length !== kernel.bindings.length)
      this.#fail(`${buffers.length} buffers for ${kernel.bindings.length} bindings`);
    if (new Set(buffers).size < buffers.length) this.#fail('it binds a buffer twice');
    const slots = buffers.map((id) => slotOf(this.#buffer(id))).filter((slot) => slot !== null);
    if (new Set(slots).size < slots.length) this.#fail('two of its buffers share a slot');
    for (const [i, binding] of kernel.bindings.entries()) {
      const id = buffers[i] ?? -1;
      const buffer = this.#buffer(id);
      if (buffer.place !== place)
        this.#fail(`it runs on the ${place}, and ${this.#name(id)} is on the ${buffer.place}`);
      if (buffer.storage !== binding.storage)
        this.#fail(
          `binding ${i} is ${binding.storage}, and ${this.#name(id)} is ${buffer.storage}`,
        );
      if (binding.length * storageBytes(binding.storage) > buffer.byteLength)
        this.#fail(
          `binding ${i} spans ${binding.length} elements, more than ${this.#name(id)} has`,
        );
    }
    const used = bindingsUsed(kernel);
    for (const i of used.read) this.#read(buffers[i] ?? -1);
    for (const i of used.stored) this.#write(buffers[i] ?? -1);
  }

  #read(id: number): void {
    const buffer = this.#buffer(id);
    // Nothing computes a value without elements.
    if (elementCount(buffer.shape) === 0) return;
    if (!this.#written.has(id)) this.#fail(`${this.#name(id)} is read before it is written`);
    const slot = slotOf(buffer);
    const holder = slot === null ? id : (this.#holder.get(slot) ?? id);
    if (holder !== id)
      this.#fail(`${this.#name(id)} is read after ${this.#name(holder)} took slot ${slot ?? ''}`);
  }

  #write(id: number): void {
    const { role } = this.#buffer(id);
    if (role.kind === 'feed' || role.kind === 'constant' || role.kind === 'random')
      this.#fail(`it writes ${this.#name(id)}, a ${role.kind}`);
    if (role.kind === 'variable' && this.program.variables[role.variable]?.writes !== true)
      this.#fail(`it writes ${this.#name(id)}, a variable declared as read only`);
    if (role.kind === 'temp') this.#holder.set(role.slot, id);
    this.#written.add(id);
  }

  /** Every variable that is to have a new value got one. */
  #finalValues(): void {
    const stored = new Set<number>();
    for (const step of this.program.steps) {
      const ids = step.kind === 'kernel' ? storedBuffers(step) : [step.to];
      for (const id of ids) {
        const { role } = this.#buffer(id);
        if (role.kind === 'variable') stored.add(role.variable);
      }
    }
    for (const [i, { node, shape, writes }] of this.program.variables.entries()) {
      this.#where = `variable ${i}`;
      if (writes && elementCount(shape) > 0 && !stored.has(i))
        this.#fail(`no step writes "${node}"`);
    }
  }

  #buffer(id: number): BufferDecl {
    return this.program.buffers[id] ?? this.#fail(`there is no buffer ${id}`);
  }

  #name(id: number): string {
    return `#${id} "${this.program.buffers[id]?.label ?? '?'}"`;
  }

  #fail(rule: string): never {
    return fail(this.#where, rule);
  }
}

const slotOf = ({ role }: BufferDecl): number | null => (role.kind === 'temp' ? role.slot : null);

function bindingsUsed(kernel: Kernel): {
  readonly read: ReadonlySet<number>;
  readonly stored: ReadonlySet<number>;
} {
  const read = new Set<number>();
  walk(kernelExprs(kernel), (node) => {
    if (node.kind === 'read') read.add(node.binding);
  });
  return { read, stored: new Set(storesOf(kernel).map((store) => store.binding)) };
}

const storedBuffers = (step: Step & { readonly kind: 'kernel' }): number[] =>
  [...bindingsUsed(step.kernel).stored].map((i) => step.buffers[i] ?? -1);
