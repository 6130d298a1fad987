/** 2-D convolution by definition, in double precision: the oracle for the contraction plans. */
export interface ConvCase {
  readonly format: 'NHWC' | 'NCHW';
  readonly batch: number;
  readonly size: readonly [number, number];
  readonly depth: number;
  readonly filter: readonly [number, number];
  readonly outputs: number;
  readonly groups: number;
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly padding: 'SAME' | 'VALID' | readonly [number, number, number, number];
}

export interface Loop {
  readonly x: number;
  readonly w: number;
  readonly y: number;
}

export const outputSize = (c: ConvCase): [number, number] =>
  [0, 1].map((i) => {
    const [size = 1, taps = 1] = [c.size[i], c.filter[i]];
    const [stride = 1, dilation = 1] = [c.strides[i], c.dilations[i]];
    const span = (taps - 1) * dilation + 1;
    if (c.padding === 'SAME') return Math.ceil(size / stride);
    const added = c.padding === 'VALID' ? 0 : (c.padding[2 * i] ?? 0) + (c.padding[2 * i + 1] ?? 0);
    return Math.floor((size + added - span) / stride) + 1;
  }) as [number, number];

function padBefore(c: ConvCase, i: 0 | 1): number {
  if (c.padding === 'VALID') return 0;
  if (c.padding !== 'SAME') return c.padding[2 * i] ?? 0;
  const span = (c.filter[i] - 1) * c.dilations[i] + 1;
  return Math.max(0, ((outputSize(c)[i] - 1) * c.strides[i] + span - c.size[i]) >> 1);
}

const at = (
  c: ConvCase,
  channels: number,
  [h, w]: readonly [number, number],
  n: number,
  y: number,
  x: number,
  k: number,
): number =>
  c.format === 'NHWC' ? ((n * h + y) * w + x) * channels + k : ((n * channels + k) * h + y) * w + x;

/** Flat positions of every product x * w that adds to an output y. */
export function products(c: ConvCase): Loop[] {
  const [oh, ow] = outputSize(c);
  const perGroup = c.outputs / c.groups;
  const depth = c.depth / c.groups;
  const loops: Loop[] = [];
  for (let n = 0; n < c.batch; n++)
    for (let oy = 0; oy < oh; oy++)
      for (let ox = 0; ox < ow; ox++)
        for (let o = 0; o < c.outputs; o++)
          for (let ky = 0; ky < c.filter[0]; ky++)
            for (let kx = 0; kx < c.filter[1]; kx++)
              for (let d = 0; d < depth; d++) {
                const y = oy * c.strides[0] + ky * c.dilations[0] - padBefore(c, 0);
                const x = ox * c.strides[1] + kx * c.dilations[1] - padBefore(c, 1);
                if (y < 0 || x < 0 || y >= c.size[0] || x >= c.size[1]) continue;
                const channel = Math.floor(o / perGroup) * depth + d;
                loops.push({
                  x: at(c, c.depth, c.size, n, y, x, channel),
                  w: ((ky * c.filter[1] + kx) * depth + d) * c.outputs + o,
                  y: at(c, c.outputs, [oh, ow], n, oy, ox, o),
                });
              }
  return loops;
}
