import jpeg from 'jpeg-js';
import { PNG, type ColorType } from 'pngjs';
import { echoGraph, folderWith, runCli, runEcho } from './cli-harness.js';

/** Two rows of three pixels. */
const size = { height: 2, width: 3 };
const colours = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
  [0, 0, 0],
  [255, 255, 255],
  [51, 102, 153],
] as const;
const grey = [0, 1, 2, 50, 100, 255];

function png(pixels: readonly (readonly number[])[], colorType: ColorType): Buffer {
  const image = new PNG(size);
  image.data.set(pixels.flatMap(([r = 0, g = r, b = r, a = 255]) => [r, g, b, a]));
  return PNG.sync.write(image, { colorType });
}

const jpegFile = (value: number, width = 8, height = 8): Buffer => {
  const data = Buffer.alloc(4 * width * height, value);
  return jpeg.encode({ width, height, data }, 100).data;
};

/** A PNG whose header claims 60000 x 60000 pixels. */
function bomb(): Buffer {
  const bytes = Buffer.from(png(colours, 2));
  bytes.writeUInt32BE(60000, 16);
  bytes.writeUInt32BE(60000, 20);
  return bytes;
}

let folder: Awaited<ReturnType<typeof folderWith>>;
beforeAll(async () => {
  const type = 'DT_FLOAT';
  const greyPixels = grey.map((v) => [v]);
  folder = await folderWith({
    'colour.png': png(colours, 2),
    'grey.png': png(greyPixels, 0),
    'alpha.png': png(
      colours.map((c) => [...c, 128]),
      6,
    ),
    'photo.jpg': jpegFile(100),
    'cut.png': png(colours, 2).subarray(0, 50),
    'short.png': png(colours, 2).subarray(0, 20),
    'cut.jpg': jpegFile(100).subarray(0, 300),
    'header.jpg': jpegFile(100).subarray(0, 10),
    'bomb.png': bomb(),
    'text.png': 'not an image',
    'batch.pbtxt': echoGraph(type, [-1, 2, 3, 3]),
    'one-channel.pbtxt': echoGraph(type, [-1, 2, 3, 1]),
    'four-channels.pbtxt': echoGraph('DT_UINT8', [1, 2, 3, 4]),
    'open.pbtxt': echoGraph('DT_UINT8', [-1, -1, -1, 3]),
    'image.pbtxt': echoGraph('DT_INT32', [2, 3, 3]),
    'planes.pbtxt': echoGraph('DT_UINT8', [-1, 2, 3]),
    'flat.pbtxt': echoGraph(type, [-1, 6]),
    'flat-colour.pbtxt': echoGraph('DT_UINT8', [-1, 18]),
    'line.pbtxt': echoGraph('DT_UINT8', [6]),
    'plane.pbtxt': echoGraph('DT_UINT8', [2, 3]),
    'other-size.pbtxt': echoGraph(type, [-1, 28, 28, 1]),
    'mnist.pbtxt': echoGraph(type, [-1, 784]),
    'pair.pbtxt': echoGraph(type, [2, 2, 3, 3]),
    'bool.pbtxt': echoGraph('DT_BOOL', [-1, 2, 3, 3]),
    'text.pbtxt': echoGraph('DT_STRING', []),
  });
});
afterAll(() => folder.remove());

describe('an image fed to', () => {
  it('a float batch gets a batch dimension and values from 0 to 1', async () => {
    const { y, stderr } = await runEcho(folder.path, 'batch.pbtxt', 'colour.png');
    expect(stderr).toBe('');
    expect(y?.shape).toEqual([1, 2, 3, 3]);
    expect(y?.data.slice(0, 3)).toEqual([1, 0, 0]);
    expect(y?.data.slice(15)).toEqual([0.2, 0.4, 0.6]);
  });

  it('a placeholder of one channel becomes grey by BT.601 weights', async () => {
    const { y } = await runEcho(
      folder.path,
      'one-channel.pbtxt',
      'colour.png',
      '--image-scale',
      '1',
    );
    expect(y?.data).toEqual([76, 150, 29, 0, 255, 93]);
  });

  it.each([
    ['four-channels', 'colour.png', [1, 2, 3, 4], 255],
    ['four-channels', 'alpha.png', [1, 2, 3, 4], 128],
    ['open', 'alpha.png', [1, 2, 3, 3], 153],
    ['image', 'colour.png', [2, 3, 3], 153],
    ['flat-colour', 'colour.png', [1, 18], 153],
  ])('%s from %s keeps integers as they are', async (graph, file, shape, last) => {
    const { y, stderr } = await runEcho(folder.path, `${graph}.pbtxt`, file);
    expect(stderr).toBe('');
    expect(y?.shape).toEqual(shape);
    expect(y?.data.at(-1)).toBe(last);
  });

  it.each([
    ['planes', [1, 2, 3]],
    ['line', [6]],
    ['plane', [2, 3]],
  ])('%s is laid out as %j', async (graph, shape) => {
    const { y } = await runEcho(folder.path, `${graph}.pbtxt`, 'grey.png');
    expect(y).toMatchObject({ shape, data: grey });
  });

  it('a flat float placeholder is one row, scaled', async () => {
    const { y } = await runEcho(folder.path, 'flat.pbtxt', 'grey.png', '--image-scale', '2/255');
    expect(y?.shape).toEqual([1, 6]);
    expect(y?.data.at(-1)).toBe(2);
  });

  it('a string placeholder is the bytes of the file', async () => {
    const { y } = await runEcho(folder.path, 'text.pbtxt', 'grey.png');
    expect(y?.data).toEqual([
      {
        b64: png(
          grey.map((v) => [v]),
          0,
        ).toString('base64'),
      },
    ]);
  });

  it('an open size takes a JPEG of any size', async () => {
    const { y } = await runEcho(folder.path, 'open.pbtxt', 'photo.jpg');
    expect(y?.shape).toEqual([1, 8, 8, 3]);
    // JPEG rounds: a flat 100 comes back within 2.
    for (const value of y?.data ?? []) expect(Math.abs(Number(value) - 100)).toBeLessThanOrEqual(2);
  });

  it.each([
    [
      'other-size.pbtxt',
      'grey.png',
      /expected shape \[\?,28,28,1\].* got 2 rows by 3 columns with 1 channel/,
    ],
    ['mnist.pbtxt', 'grey.png', /expected shape \[\?,784\].* got 2 rows by 3 columns/],
    ['pair.pbtxt', 'colour.png', /expected shape \[2,2,3,3\]/],
    ['bool.pbtxt', 'colour.png', /cannot be fed to a bool placeholder/],
    ['batch.pbtxt', 'cut.png', /PNG image is damaged/],
    ['batch.pbtxt', 'short.png', /PNG image is damaged/],
    ['batch.pbtxt', 'cut.jpg', /JPEG image is damaged/],
    ['batch.pbtxt', 'header.jpg', /JPEG image is damaged/],
    ['batch.pbtxt', 'bomb.png', /too large: 60000 by 60000/],
    ['batch.pbtxt', 'text.png', /neither a PNG nor a JPEG/],
    ['batch.pbtxt', 'missing.png', /: no such file$/m],
  ])('%s from %s is refused with exit code 3', async (graph, file, message) => {
    const { code, stderr } = await runEcho(folder.path, graph, file);
    expect(code).toBe(3);
    expect(stderr).toMatch(message);
  });

  it('refuses a bad --image-scale as usage', async () => {
    const flags = ['--feed', 'x=grey.png', '--image-scale', 'much'];
    const { code, stderr } = await runCli(['run', 'flat.pbtxt', ...flags], { cwd: folder.path });
    expect(code).toBe(2);
    expect(stderr).toMatch(/--image-scale/);
  });
});
