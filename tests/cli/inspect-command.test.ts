import { join } from 'node:path';
import { shortNumber } from '../../src/cli/inspect-command.js';
import type { GraphSummary } from '../../src/cli/graph-summary.js';
import { echoGraph, folderWith, runCli } from './cli-harness.js';

const frozen = join(process.cwd(), 'tests/golden/files/frozen/frozen.pb');
const floatT = 'attr { key: "T" value { type: DT_FLOAT } }';
const floats = (name: string, ...sizes: number[]): string => `
  node { name: "${name}" op: "Const" attr { key: "dtype" value { type: DT_FLOAT } }
    attr { key: "value" value { tensor { dtype: DT_FLOAT
      tensor_shape { ${sizes.map((size) => `dim { size: ${size} }`).join(' ')} } float_val: 1 } } } }`;
/** 2x5x5x3 images, a 3x3 convolution to 4 channels, and an op nobody knows. */
const convolution = `
  node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_FLOAT } }
    attr { key: "shape" value { shape { dim { size: 2 } dim { size: 5 } dim { size: 5 } dim { size: 3 } } } } }
  ${floats('filter', 3, 3, 3, 4)}
  node { name: "conv" op: "Conv2D" input: "x" input: "filter" ${floatT}
    attr { key: "strides" value { list { i: 1 i: 1 i: 1 i: 1 } } } attr { key: "padding" value { s: "VALID" } } }
  node { name: "odd" op: "Frobnicate" input: "conv" ${floatT} }
  versions { producer: 26 min_consumer: 12 }`;

let folder: Awaited<ReturnType<typeof folderWith>>;
beforeAll(async () => {
  folder = await folderWith({
    'conv.pbtxt': convolution,
    'echo.pbtxt': echoGraph('DT_STRING', []),
  });
});
afterAll(() => folder.remove());

const inspect = async (graph: string): Promise<GraphSummary> => {
  const { code, stdout, stderr } = await runCli(['inspect', graph, '--json'], { cwd: folder.path });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as GraphSummary;
};

describe('defrun inspect', () => {
  it('lists inputs, outputs, parameters and versions of a frozen graph', async () => {
    const summary = await inspect(frozen);
    expect(summary).toMatchObject({
      nodes: 15,
      inputs: [{ name: 'x', dtype: 'float32', shape: [null, 4] }],
      outputs: [{ name: 'probabilities', dtype: 'float32', shape: [null, 3] }],
      // 4x6 + 6 + 6x3 + 3
      parameters: 51,
      parameterBytes: 204,
      unknownOps: [],
    });
    // Per example: 2*4*6 + 6 + 6 (relu) + 2*6*3 + 3 + 5*3 (softmax)
    expect(summary.flops).toBe(114);
  });

  it('counts a convolution as two per multiply-add', async () => {
    const { ops, flops, unknownOps, versions } = await inspect('conv.pbtxt');
    // 2 images of 3x3 results in 4 channels, each a sum over 3x3x3.
    expect(flops).toBe(2 * (2 * 3 * 3 * 4) * (3 * 3 * 3));
    expect(unknownOps).toEqual(['Frobnicate']);
    expect(ops.find(({ type }) => type === 'Frobnicate')).toMatchObject({ known: false, count: 1 });
    expect(versions).toEqual({ producer: 26, minConsumer: 12 });
  });

  it('reads well', async () => {
    const { stdout } = await runCli(['inspect', 'conv.pbtxt'], { cwd: folder.path });
    expect(stdout).toContain('Inputs\n  x  float32 [2,5,5,3]\n');
    expect(stdout).toContain('Parameters: 108 (432B)\nFLOPs: 3.89k\n');
    expect(stdout).toMatch(/Frobnicate +1 +unknown op/);
    expect(stdout).toContain('Op types not supported: Frobnicate');
  });

  it('writes numbers with three digits', () => {
    expect([0, 999, 1000, 12345, 3.5e9].map(shortNumber)).toEqual([
      '0',
      '999',
      '1.00k',
      '12.3k',
      '3.50G',
    ]);
  });
});
