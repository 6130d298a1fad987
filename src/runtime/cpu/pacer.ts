/**
 * Keeps the event loop alive: says when a stretch of synchronous work has lasted long enough, and
 * gives the loop a turn. A promise alone does not: awaiting settled promises never lets timers in.
 */

/** Longest stretch of work between turns of the event loop. */
export const stretchMs = 10;

export interface Pacer {
  /** Milliseconds of work left before a turn is due; zero or less when it is. */
  remainingMs(): number;
  /** Lets timers, I/O and abort events happen. */
  turn(): Promise<void>;
}

/** Node's setImmediate does not wait; elsewhere a timeout of 0 costs a millisecond or four. */
const nextTurn = (resume: () => void): void => {
  if (typeof setImmediate === 'function') setImmediate(resume);
  else setTimeout(resume, 0);
};

export function createPacer(): Pacer {
  let lastTurn = performance.now();
  return {
    remainingMs: () => lastTurn + stretchMs - performance.now(),
    turn: async () => {
      await new Promise<void>(nextTurn);
      lastTurn = performance.now();
    },
  };
}
