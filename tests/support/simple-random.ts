/** A small generator of whole numbers, for tests that grow graphs. */

/** A number from 0 up to, and without, `below`. */
export type Random = (below: number) => number;

/** Park and Miller 1988. */
export function generatorOf(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
}
