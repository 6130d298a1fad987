/**
 * The helper functions a module uses, and only those. Sources are written on scalars; at width 4 a
 * wrapper applies them to each component, which costs nothing on adapters that compute lanes apart.
 */
import { InternalError } from '../../errors.js';
import type { HelperSource, Width } from './wgsl-helper-source.js';
import { exponentialSources } from './wgsl-exponential.js';
import { integerSources } from './wgsl-integer.js';
import { randomSources } from './wgsl-random.js';
import { roundingSources } from './wgsl-rounding.js';
import { trigonometrySources } from './wgsl-trigonometry.js';
import { zeroSources } from './wgsl-zero.js';

const sources: ReadonlyMap<string, HelperSource> = new Map(
  Object.entries({
    ...exponentialSources,
    ...trigonometrySources,
    ...integerSources,
    ...roundingSources,
    ...randomSources,
    ...zeroSources,
  }),
);

const paramsOf = (source: HelperSource): [name: string, type: string][] =>
  source.params.split(', ').map((param) => {
    const [name = '', type = ''] = param.split(': ');
    return [name, type];
  });

const indent = (body: string): string => body.trim().replaceAll(/^\s*(?=\S)/gm, '  ');

/** The same function on vec4s: as its source has it, or component by component. */
function wideText(name: string, source: HelperSource): string {
  const params = paramsOf(source);
  const typed = params.map(([param, type]) => `${param}: vec4<${type}>`).join(', ');
  if (source.wide !== undefined) {
    const { result, body } = source.wide;
    return `fn ${name}_4(${typed}) -> ${result} {\n${indent(body)}\n}\n`;
  }
  const calls = ['x', 'y', 'z', 'w'].map(
    (lane) => `${name}_(${params.map(([param]) => `${param}.${lane}`).join(', ')})`,
  );
  const type = `vec4<${source.result}>`;
  return `fn ${name}_4(${typed}) -> ${type} {\n  return ${type}(${calls.join(', ')});\n}\n`;
}

/** Collects the helpers of one module while its expressions are printed. */
export class HelperSet {
  private readonly texts = new Map<string, string>();
  private readonly constants = new Map<string, string>();

  /** Name of the function at a width; it will be part of the module. */
  use(name: string, width: Width): string {
    const source = sources.get(name);
    if (source === undefined) throw new InternalError(`WGSL printer: no helper ${name}.`);
    if (!this.texts.has(name)) this.add(name, source);
    if (width === 4 && !this.texts.has(`${name} 4`)) {
      this.useCallees(source.wide?.body ?? '');
      this.texts.set(`${name} 4`, wideText(name, source));
    }
    return width === 4 ? `${name}_4` : `${name}_`;
  }

  /** An f32 expression with the given bits; for values that constant expressions refuse. */
  constant(name: string, bits: string): string {
    this.constants.set(name, bits);
    return `bitcast<f32>(${name})`;
  }

  /** Module-scope text: everything used, each after what it calls. */
  text(): string {
    const variables = [...this.constants].map(
      ([name, bits]) => `var<private> ${name}: u32 = ${bits};\n`,
    );
    return [...variables, ...this.texts.values()].join('');
  }

  private add(name: string, source: HelperSource): void {
    this.useCallees(source.body);
    for (const [, bits = ''] of source.body.matchAll(/\b(inf|neg_inf|nan)_bits\b/g))
      this.constant(`${bits}_bits`, specialBits[bits] ?? '0u');
    const head = `fn ${name}_(${source.params}) -> ${source.result}`;
    this.texts.set(name, `${head} {\n${indent(source.body)}\n}\n`);
  }

  private useCallees(body: string): void {
    for (const [, callee = '', four] of body.matchAll(/\b(\w+)_(4?)\(/g))
      this.use(callee, four === '4' ? 4 : 1);
  }
}

const specialBits: Readonly<Record<string, string>> = {
  inf: '0x7f800000u',
  neg_inf: '0xff800000u',
  nan: '0x7fc00000u',
};
