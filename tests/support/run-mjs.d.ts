/** Types of the golden corpus's own runner, as far as the tests use it. */
declare module '*/golden/run.mjs' {
  export function compare(
    got: unknown,
    expected: unknown,
    tol: unknown,
    options?: { readonly scale?: number; readonly tags?: readonly string[] | undefined },
  ): string | null;
  export function tensor(stored: unknown): unknown;
}
