/** A helper function's WGSL, as the tables by family hold it. */
export interface HelperSource {
  /** Parameters, as `x: f32, y: f32`. */
  readonly params: string;
  readonly result: string;
  /** Calls others by `name_(`. */
  readonly body: string;
  /**
   * The function on vec4s, where doing so component by component would repeat much code. Calls
   * others by `name_(` on one component or `name_4(` on all.
   */
  readonly wide?: { readonly result: string; readonly body: string };
}

/** Values one expression stands for: one, or four neighbours as a vec4. */
export type Width = 1 | 4;
