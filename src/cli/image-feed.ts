/** Fits an image to a placeholder: channels, batch dimension, flattening, scale. Never resizes. */
import { InvalidArgumentError } from '../errors.js';
import { isFloating, isInteger, type NdArray } from '../graph/dtype.js';
import { toNdArray } from '../graph/nd-array.js';
import type { Tensor } from '../graph/operation.js';
import {
  formatShape,
  isCompatible,
  type Dim,
  type Shape,
  type StaticShape,
} from '../graph/shape.js';
import { channelsOf, type Pixels } from './images.js';

interface Layout {
  readonly shape: StaticShape;
  readonly channels: 1 | 3 | 4;
}

const channelCounts = [1, 3, 4] as const;
const isChannels = (dim: Dim | undefined): dim is 1 | 3 | 4 => channelCounts.some((n) => n === dim);

/** Ways the image can be laid out for a placeholder of this shape, the likeliest first. */
function layoutsFor(shape: Shape, image: Pixels): Layout[] {
  const { height, width, channels: own } = image;
  const last = shape?.at(-1);
  const channels = isChannels(last) ? last : own;
  const flat = channelCounts.map((n) => ({ length: height * width * n, channels: n }));
  switch (shape?.length) {
    case undefined:
      return [{ shape: [height, width, own], channels: own }];
    case 1:
      return flat.map(({ length, channels: n }) => ({ shape: [length], channels: n }));
    case 2: {
      const rows = flat.map(({ length, channels: n }) => ({ shape: [1, length], channels: n }));
      const plane: Layout = { shape: [height, width], channels: 1 };
      // With no size to go by, the one row and the plane would fit alike.
      return last === null ? [plane] : [...rows, plane];
    }
    case 3:
      return [
        { shape: [height, width, channels], channels },
        { shape: [1, height, width], channels: 1 },
      ];
    case 4:
      return [{ shape: [1, height, width, channels], channels }];
    default:
      return [];
  }
}

/**
 * The image as the placeholder wants it: `[1, H, W, C]` for rank 4, `[H, W, C]` or `[1, H, W]` for
 * rank 3, `[1, H*W*C]` or `[H, W]` for rank 2, `[H*W*C]` for rank 1.
 *
 * @param scale multiplies every value; undefined is 1/255 for floats and 1 for integers.
 * @throws InvalidArgumentError if the size is another, saying what was expected and what came.
 */
export function imageFeed(image: Pixels, tensor: Tensor, scale?: number): NdArray {
  const { dtype, shape } = tensor;
  if (!isFloating(dtype) && !isInteger(dtype))
    throw new InvalidArgumentError(`An image cannot be fed to a ${dtype} placeholder.`);
  const layout = layoutsFor(shape, image).find((one) => isCompatible(shape, one.shape));
  if (layout === undefined)
    throw new InvalidArgumentError(
      `The image does not fit: expected ${expectation(shape)}, got ${image.height} rows by ${image.width} columns with ${image.channels} channel(s). Resize it first.`,
    );
  const factor = scale ?? (isFloating(dtype) ? 1 / 255 : 1);
  const values = Float64Array.from(channelsOf(image, layout.channels), (v) =>
    isInteger(dtype) ? Math.round(v * factor) : v * factor,
  );
  return toNdArray(values, { dtype, shape: layout.shape });
}

const expectation = (shape: Shape): string => {
  const names: Readonly<Record<number, string>> = {
    1: ' (rows*columns)',
    2: ' (1, rows*columns)',
    3: ' (rows, columns, channels)',
    4: ' (1, rows, columns, channels)',
  };
  return `shape ${formatShape(shape)}${names[shape?.length ?? 0] ?? ''}`;
};
