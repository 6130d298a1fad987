/** Positions of random streams: each random op continues where its last run in this session ended. */
import type { RandomDecl } from '../ir/program.js';

export class RandomStreams {
  readonly #positions = new Map<string, bigint>();

  /** Positions for one run; the streams advance. */
  take(random: readonly RandomDecl[]): bigint[] {
    return random.map(({ node, advance, seeded }) => {
      const position = this.#positions.get(node) ?? (seeded ? 0n : anywhere());
      this.#positions.set(node, position + advance);
      return position;
    });
  }
}

/** A position of the 2^64 there are. */
const anywhere = (): bigint => {
  const [value] = crypto.getRandomValues(new BigUint64Array(1));
  return value ?? 0n;
};
