/** A helper function's WGSL, as the tables by family hold it. */
export interface HelperSource {
  /** Parameters, as `x: f32, y: f32`. */
  readonly params: string;
  readonly result: string;
  /** Calls others by `name_(`. */
  readonly body: string;
  /** Module-scope declaration the body needs. */
  readonly declaration?: string;
}

/** Values one expression stands for: one, or four neighbours as a vec4. */
export type Width = 1 | 4;
