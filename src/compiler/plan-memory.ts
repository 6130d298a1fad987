/**
 * Plan memory: temporaries whose lives do not overlap share a slot. A slot is a whole buffer,
 * because WebGPU forbids one buffer to be bound both read-only and read-write in one dispatch.
 */
import type { Place } from '../ir/program.js';

export interface Lifetime {
  readonly buffer: number;
  readonly place: Place;
  readonly byteLength: number;
  /** Step that writes it first, and the last step that touches it. */
  readonly from: number;
  readonly to: number;
}

export interface MemoryPlan {
  readonly slots: readonly { readonly byteLength: number; readonly place: Place }[];
  /** Slot of each buffer that was given. */
  readonly slotOf: ReadonlyMap<number, number>;
}

/** Best fit in order of first use: the free slot that wastes or grows least. */
export function planMemory(lifetimes: readonly Lifetime[]): MemoryPlan {
  const slots: { byteLength: number; place: Place; freeFrom: number }[] = [];
  const slotOf = new Map<number, number>();
  for (const life of [...lifetimes].sort(
    (a, b) => a.from - b.from || b.byteLength - a.byteLength,
  )) {
    let best = -1;
    let bestCost = Infinity;
    for (const [i, slot] of slots.entries()) {
      if (slot.place !== life.place || slot.freeFrom >= life.from) continue;
      const cost = Math.abs(slot.byteLength - life.byteLength);
      if (cost < bestCost) [best, bestCost] = [i, cost];
    }
    if (best < 0) best = slots.push({ byteLength: 0, place: life.place, freeFrom: -1 }) - 1;
    const slot = slots[best];
    if (slot === undefined) continue;
    slot.byteLength = Math.max(slot.byteLength, life.byteLength);
    slot.freeFrom = life.to;
    slotOf.set(life.buffer, best);
  }
  return { slots: slots.map(({ byteLength, place }) => ({ byteLength, place })), slotOf };
}
