/** Names of a graph: TensorFlow's uniquifying rules and the name scope stack. */
import { DTypeError, ValueError } from '../errors.js';
import { describeValue } from './describe-value.js';

const rootScope = /^[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*$/;
const nestedScope = /^[A-Za-z0-9_.\\/>-]*$/;

export class NameTable {
  /** Lower-cased full name -> next number to try. Ops and scopes share it. */
  readonly #used = new Map<string, number>();
  #scope = '';

  /** Full scope with its trailing slash, or an empty string at the root. */
  get scope(): string {
    return this.#scope;
  }

  markUsed(name: string): void {
    const key = name.toLowerCase();
    if (!this.#used.has(key)) this.#used.set(key, 1);
  }

  unique(requested: string): string {
    assertName(requested);
    if (requested.endsWith('/')) return requested.slice(0, -1);
    const name = this.#scope + requested;
    const key = name.toLowerCase();
    let i = this.#used.get(key) ?? 0;
    this.#used.set(key, i + 1);
    if (i === 0) return name;
    let candidate = `${key}_${i}`;
    while (this.#used.has(candidate)) {
      i++;
      this.#used.set(key, i + 1);
      candidate = `${key}_${i}`;
    }
    this.#used.set(candidate, 1);
    return `${name}_${i}`;
  }

  within<R>(name: string | null, fn: (scope: string) => R): R {
    const before = this.#scope;
    this.#scope = this.#enter(name);
    try {
      return fn(this.#scope);
    } finally {
      this.#scope = before;
    }
  }

  #enter(name: string | null): string {
    if (name === null || name === '') return '';
    assertName(name);
    const valid = this.#scope === '' ? rootScope : nestedScope;
    if (!valid.test(name))
      throw new ValueError(
        `'${name.replace(/\/$/, '')}' is not a valid name: use letters, digits and _ . / -, at the root not starting with _ / or -.`,
      );
    return name.endsWith('/') ? name : `${this.unique(name)}/`;
  }

  /** ` Did you mean 'a' or 'b'?` from names at a small edit distance, or an empty string. */
  suggest(name: string, among: Iterable<string>): string {
    const near: { readonly name: string; readonly distance: number }[] = [];
    for (const other of among) {
      const distance = other.endsWith(`/${name}`) ? 1 : distanceInPath(name, other);
      if (distance <= 3 && 2 * distance < name.length + 1) near.push({ name: other, distance });
    }
    near.sort((a, b) => a.distance - b.distance);
    const best = near.slice(0, 3).map((n) => `'${n.name}'`);
    return best.length === 0 ? '' : ` Did you mean ${best.join(' or ')}?`;
  }
}

/** Callers without types pass options where a name belongs. */
function assertName(name: unknown): void {
  if (typeof name !== 'string')
    throw new DTypeError(
      `Expected string for argument 'name' not ${describeValue(name)}. Names stand by themselves where a function takes them so, and in its options object where it has one.`,
    );
}

/** Distance to a name, or to the scope it begins with: `logit` is near `logits/BiasAdd`. */
function distanceInPath(name: string, other: string): number {
  const depth = name.split('/').length;
  const parts = other.split('/');
  const inScope = editDistance(name, parts.slice(0, depth).join('/'), 3) + parts.length - depth;
  return Math.min(editDistance(name, other, 3), inScope);
}

/** Levenshtein distance, or limit + 1 as soon as it must exceed `limit`. */
export function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, swap));
    }
    if (Math.min(...next) > limit) return limit + 1;
    row = next;
  }
  return row[b.length] ?? limit + 1;
}
