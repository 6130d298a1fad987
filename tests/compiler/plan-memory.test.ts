import { planMemory, type Lifetime } from '../../src/compiler/plan-memory.js';

const life = (buffer: number, from: number, to: number, byteLength = 16): Lifetime => ({
  buffer,
  place: 'device',
  byteLength,
  from,
  to,
});

describe('planMemory', () => {
  it('shares a slot between temporaries that follow each other', () => {
    const plan = planMemory([life(0, 0, 1), life(1, 2, 3), life(2, 4, 5)]);
    expect(plan.slots).toEqual([{ byteLength: 16, place: 'device' }]);
  });

  it('keeps apart what one step reads and writes', () => {
    const plan = planMemory([life(0, 0, 1), life(1, 1, 2)]);
    expect(plan.slots).toHaveLength(2);
  });

  it('keeps host and device apart', () => {
    const plan = planMemory([life(0, 0, 1), { ...life(1, 2, 3), place: 'host' }]);
    expect(plan.slots.map((slot) => slot.place)).toEqual(['device', 'host']);
  });

  it('prefers the free slot that fits best', () => {
    const plan = planMemory([life(0, 0, 1, 1000), life(1, 0, 1, 10), life(2, 2, 3, 12)]);
    expect(plan.slotOf.get(2)).toBe(plan.slotOf.get(1));
    expect(plan.slots.map((slot) => slot.byteLength)).toEqual([1000, 12]);
  });

  it('never gives two live buffers one slot, in random programs', () => {
    let state = 1;
    const random = (below: number): number => (state = (state * 48271) % 2147483647) % below;
    for (let round = 0; round < 200; round++) {
      const lives = Array.from({ length: 40 }, (_, buffer): Lifetime => {
        const from = random(50);
        const place = random(4) === 0 ? 'host' : 'device';
        return { buffer, place, byteLength: 4 * (1 + random(100)), from, to: from + random(10) };
      });
      const { slots, slotOf } = planMemory(lives);
      const wrong = lives.filter((a) => {
        const slot = slots[slotOf.get(a.buffer) ?? -1];
        const fits = slot?.place === a.place && slot.byteLength >= a.byteLength;
        const shares = (b: Lifetime): boolean => slotOf.get(a.buffer) === slotOf.get(b.buffer);
        return !fits || lives.some((b) => a !== b && a.from <= b.to && b.from <= a.to && shares(b));
      });
      expect(wrong).toEqual([]);
    }
  });
});
