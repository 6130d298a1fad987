/**
 * The golden corpus made by real TensorFlow, on both runtimes: every case that needs only ops
 * defrun has must hold. `docs/coverage.md` counts them; `UPDATE_COVERAGE=1` writes it anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { goldenModule } from './support/golden-device.js';
import {
  exceptions,
  missingOps,
  outOfScope,
  runSection,
  sections,
} from './support/golden-sections.js';

const all = sections();
const table = new URL('../docs/coverage.md', import.meta.url);

describe.each(['cpu', 'gpu'] as const)('the golden corpus on %s', (device) => {
  const module = goldenModule(device);
  afterAll(() => module.close());
  it.each(all.map((section) => [section.name, section] as const))(
    'holds in section %s',
    async (_, section) => {
      const { failures } = await runSection(section, module);
      expect(failures).toEqual([]);
    },
    600000,
  );
});

describe('docs/coverage.md', () => {
  it('counts what holds and what still lacks an op', () => {
    const rows = all.map(({ name, lines }) => {
      const inScope = lines.filter((line) => outOfScope(line) === null);
      const excused = inScope.filter((line) => exceptions.has(line.id)).length;
      return `| ${name} | ${lines.length} | ${inScope.length - excused} | ${excused} | ${lines.length - inScope.length} |`;
    });
    const missing = [...missingOps(all)].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    const text = [
      '# Coverage of the golden corpus',
      '',
      'Cases recorded from real TensorFlow (`tests/golden`). A case holds when every output agrees within',
      'its tolerance, on the CPU and on the GPU runtime. This table is written by `tests/golden.test.ts`.',
      '',
      '| section | cases | hold on both runtimes | excused | out of scope |',
      '|---|---|---|---|---|',
      ...rows,
      '',
      '## Excused',
      '',
      ...[...exceptions].map(([id, reason]) => `- \`${id}\`: ${reason}`),
      '',
      '## Op types without a definition, by cases that need them',
      '',
      missing.map(([type, count]) => `${type} ${count}`).join(', '),
      '',
    ].join('\n');
    if (process.env['UPDATE_COVERAGE'] === '1') writeFileSync(table, text);
    expect(readFileSync(table, 'utf8')).toBe(text);
  });
});
