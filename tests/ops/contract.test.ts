/**
 * Every op on the op list has cases made by real TensorFlow: an op added without any fails here.
 * Ops whose name starts with an underscore are the compiler's own, made by decompositions.
 */
import { describe, expect, it } from '@jest/globals';
import { allOps } from '../../src/ops/index.js';
import { schemaOf } from '../../src/graph/registry.js';
import { opTypes, type Line } from '../support/golden-corpus.js';
import { sections } from '../support/golden-sections.js';

const publicOps = allOps.filter((def) => !def.name.startsWith('_'));

/** Ops the corpus lacks, and the test file that has their cases. */
const casesElsewhere: ReadonlyMap<string, string> = new Map([
  ['MaxPoolGradWithArgmax', 'nn/max-pool-argmax.test.ts'],
  ['MaxPoolGradGradWithArgmax', 'nn/max-pool-argmax.test.ts'],
  ['MaxPoolGradGradV2', 'nn/max-pool-argmax.test.ts'],
]);

function casesByOp(): Map<string, Line[]> {
  const cases = new Map<string, Line[]>();
  for (const { lines } of sections())
    for (const line of lines)
      for (const type of opTypes(line)) cases.set(type, [...(cases.get(type) ?? []), line]);
  return cases;
}

describe('the op list', () => {
  it('has cases for every op', () => {
    const cases = casesByOp();
    const without = publicOps
      .map((def) => def.name)
      .filter((name) => !cases.has(name) && !casesElsewhere.has(name));
    expect(without).toEqual([]);
  });

  it('names each op once', () => {
    const names = allOps.map((def) => def.name);
    expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  });

  it('is what the registry answers from', () => {
    for (const def of allOps) expect(schemaOf(def.name)).toBe(def);
  });

  it('says of every op without a gradient why', () => {
    const silent = publicOps.filter(
      ({ grad }) =>
        typeof grad === 'object' && Object.values(grad as object).some((why) => why === ''),
    );
    expect(silent.map((def) => def.name)).toEqual([]);
  });
});
