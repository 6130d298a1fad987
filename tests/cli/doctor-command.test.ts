import { runCli } from './cli-harness.js';

/** What the report says decides the exit code; machines differ in which it is. */
describe('defrun doctor', () => {
  it('tells of adapters, packages and the host, as JSON and for people', async () => {
    const { code, stdout } = await runCli(['doctor', '--json']);
    const report = JSON.parse(stdout) as {
      usable: boolean;
      node: string;
      packages: Record<string, string | null>;
      chosen: { description: string; limits: Record<string, number> } | null;
      advice: string[];
    };
    expect(report.usable).toBe(report.chosen !== null);
    expect(code).toBe(report.usable ? 0 : 5);
    expect(report.node).toBe(process.version);
    expect(Object.keys(report.packages)).toContain('webgpu');
    if (!report.usable) expect(report.advice.length).toBeGreaterThan(0);
    const forPeople = await runCli(['doctor']);
    expect(forPeople.code).toBe(code);
    expect(forPeople.stdout).toContain(`Node ${process.version}`);
    expect(forPeople.stdout).toContain(report.chosen?.description ?? 'Chosen adapter: none');
  });
});
