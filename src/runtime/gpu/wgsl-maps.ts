/**
 * Several maps as one WGSL module: each workgroup computes points of one part only, so that the
 * branch is the same for all its invocations and every part keeps its own vectors.
 */
import { kernelExprs, type MapKernel, type MapsKernel } from '../../ir/kernel.js';
import { HelperSet } from './wgsl-helpers.js';
import { indented } from './wgsl-indent.js';
import { planMap, pointLines, workgroupsOf, workgroupSize, type MapPlan } from './wgsl-map.js';
import { assembleModule, gridOf, type GpuCaps, type WgslModule } from './wgsl-module.js';
import { readsOf } from './wgsl-stores.js';

interface PlannedPart {
  readonly map: MapKernel;
  readonly plan: MapPlan;
}

/** Prints a kernel of several maps; the number of units of each is part of the text. */
export function printMaps(kernel: MapsKernel, caps: GpuCaps): WgslModule {
  const { label, bindings } = kernel;
  const planned = kernel.parts.map((part): PlannedPart => {
    const map: MapKernel = { kind: 'map', label, bindings, ...part };
    return { map, plan: planMap(map) };
  });
  const vectorBindings = agreedVectors(planned);
  const helpers = new HelperSet();
  const grid = gridOf(
    planned.reduce((sum, { plan }) => sum + workgroupsOf(plan), 0),
    caps,
  );
  const body = [`let group = ${grid.flat};`];
  let before = 0;
  for (const [i, { map, plan }] of planned.entries()) {
    const group = before === 0 ? 'group' : `(group - ${before})`;
    before += workgroupsOf(plan);
    const own = { ...plan, vectorBindings };
    const lines = pointLines(map, own, helpers, group, String(plan.units));
    const head = i === planned.length - 1 ? '{' : `if (group < ${before}) {`;
    body.push(`${i === 0 ? '' : 'else '}${head}\n${indented(lines)}}`);
  }
  const code = assembleModule({ label, bindings, vectorBindings, helpers, workgroupSize, body });
  return { code, workgroupCount: grid.workgroupCount };
}

/** Bindings that every part which touches them sees as vectors. */
function agreedVectors(planned: readonly PlannedPart[]): ReadonlySet<number> {
  const agreed = new Set(planned.flatMap(({ plan }) => [...plan.vectorBindings]));
  for (const { map, plan } of planned)
    for (const { binding } of [...readsOf(kernelExprs(map)), ...map.stores])
      if (!plan.vectorBindings.has(binding)) agreed.delete(binding);
  return agreed;
}
