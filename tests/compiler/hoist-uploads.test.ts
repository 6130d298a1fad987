/** Uploads go up as soon as what they carry is there. */
import { describe, expect, it } from '@jest/globals';
import { hoistUploads } from '../../src/compiler/hoist-uploads.js';
import type { Step } from '../../src/ir/program.js';

const upload = (from: number, to: number): Step => ({ kind: 'transfer', from, to });
const copy = (from: number, to: number): Step => ({ kind: 'copy', place: 'device', from, to });
/** Buffers below ten are on the host. */
const hoist = (...steps: Step[]): readonly Step[] => hoistUploads(steps, (buffer) => buffer < 10);

describe('uploads', () => {
  it('go before steps that have nothing to do with them', () => {
    expect(hoist(copy(10, 11), upload(1, 12), copy(12, 13))).toEqual([
      upload(1, 12),
      copy(10, 11),
      copy(12, 13),
    ]);
  });

  it('stay after what writes their source or touches their target', () => {
    const writes = [copy(10, 11), copy(0, 1), upload(1, 12)];
    expect(hoist(...writes)).toEqual(writes);
    const reads = [copy(12, 11), upload(1, 12)];
    expect(hoist(...reads)).toEqual(reads);
  });

  it("are the host's alone: downloads keep their place", () => {
    const steps = [copy(10, 11), upload(12, 1)];
    expect(hoist(...steps)).toEqual(steps);
  });
});
