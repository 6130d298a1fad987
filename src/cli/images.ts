/** Image files -> pixels: PNG and JPEG, decoded to rows of 8-bit channels. */
import { InvalidArgumentError } from '../errors.js';

export interface Pixels {
  readonly height: number;
  readonly width: number;
  /** Channels of the file: 1 grey, 3 colour, 4 colour and alpha. */
  readonly channels: 1 | 3 | 4;
  /** RGBA, row by row. */
  readonly rgba: Uint8Array;
}

const maxPixels = 2 ** 27;
const pngMagic = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

/**
 * Pixels of a PNG or JPEG file, told apart by content. 16-bit PNGs are scaled to 8 bits; EXIF
 * rotation is not applied.
 * @throws InvalidArgumentError for other formats, damaged files, and images over 2^27 pixels.
 */
export async function decodeImage(bytes: Uint8Array): Promise<Pixels> {
  if (pngMagic.every((byte, i) => bytes[i] === byte)) return decodePng(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return decodeJpeg(bytes);
  throw new InvalidArgumentError('It is neither a PNG nor a JPEG image.');
}

function checkSize(width: number, height: number): void {
  if (width * height > maxPixels)
    throw new InvalidArgumentError(`The image is too large: ${width} by ${height} pixels.`);
}

const damaged = (format: string, cause: unknown): InvalidArgumentError => {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new InvalidArgumentError(`The ${format} image is damaged: ${why}.`, { cause });
};

async function decodePng(bytes: Uint8Array): Promise<Pixels> {
  const { PNG } = await import('pngjs');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 33) throw damaged('PNG', 'it ends in its header');
  checkSize(view.getUint32(16), view.getUint32(20));
  try {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const { width, height, data, color, alpha } = PNG.sync.read(buffer);
    const channels = alpha ? 4 : color ? 3 : 1;
    return { width, height, channels, rgba: data };
  } catch (cause) {
    throw damaged('PNG', cause);
  }
}

async function decodeJpeg(bytes: Uint8Array): Promise<Pixels> {
  const jpeg = await import('jpeg-js');
  const frame = jpegFrame(bytes);
  checkSize(frame.width, frame.height);
  try {
    const { width, height, data } = jpeg.decode(bytes, {
      useTArray: true,
      tolerantDecoding: false,
      maxResolutionInMP: maxPixels / 1e6,
      maxMemoryUsageInMB: 4096,
    });
    return { width, height, channels: frame.components === 1 ? 1 : 3, rgba: data };
  } catch (cause) {
    throw damaged('JPEG', cause);
  }
}

/** Size and components by the file's start-of-frame segment (ITU T.81, B.2.2). */
function jpegFrame(bytes: Uint8Array): { width: number; height: number; components: number } {
  const at16 = (at: number): number => (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
  for (let at = 2; at + 9 < bytes.length; at += 2 + at16(at + 2)) {
    const marker = bytes[at + 1] ?? 0;
    const isFrame = marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
    if (bytes[at] !== 0xff) break;
    if (isFrame)
      return { height: at16(at + 5), width: at16(at + 7), components: bytes[at + 9] ?? 3 };
    if (marker === 0xff) at -= 1 + at16(at + 2);
  }
  throw damaged('JPEG', 'it has no frame header');
}

/** Pixels as `channels` values each; grey by the weights of ITU-R BT.601, alpha dropped. */
export function channelsOf({ width, height, rgba }: Pixels, channels: 1 | 3 | 4): Uint8Array {
  if (channels === 4) return rgba;
  const count = width * height;
  const out = new Uint8Array(count * channels);
  for (let i = 0; i < count; i++) {
    const [r = 0, g = 0, b = 0] = [rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2]];
    if (channels === 1)
      out[i] = r === g && g === b ? r : Math.round(0.299 * r + 0.587 * g + 0.114 * b);
    else out.set([r, g, b], 3 * i);
  }
  return out;
}
