/** Positions of random streams: each random op continues where its last run in this session ended. */
import type { RandomDecl } from '../ir/program.js';

export class RandomStreams {
  readonly #positions = new Map<string, bigint>();

  /** Positions for one run; the streams advance. */
  take(random: readonly RandomDecl[]): bigint[] {
    return random.map(({ node, advance }) => {
      const position = this.#positions.get(node) ?? 0n;
      this.#positions.set(node, position + advance);
      return position;
    });
  }
}
