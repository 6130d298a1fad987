/**
 * The op list: every op type defrun computes. An op is on the list by being exported from a file
 * named here; the graph's registry and the compiler both read it.
 */
import { UnimplementedError } from '../errors.js';
import { registerOps } from '../graph/registry.js';
import * as arrayTempCore from './array/temp-core.js';
import * as mathAddN from './math/add-n.js';
import * as mathArithmetic from './math/arithmetic.js';
import * as mathBroadcastGradientArgs from './math/broadcast-gradient-args.js';
import * as mathCast from './math/cast.js';
import * as mathClip from './math/clip.js';
import * as mathCompare from './math/compare.js';
import * as mathDivision from './math/division.js';
import * as mathExponential from './math/exponential.js';
import * as mathExtrema from './math/extrema.js';
import * as mathPower from './math/power.js';
import * as mathSelect from './math/select.js';
import * as mathTrigonometry from './math/trigonometry.js';
import * as mathUnaryGrad from './math/unary-grad.js';
import * as mathUnary from './math/unary.js';
import * as nnActivationGrads from './nn/activation-grads.js';
import * as nnActivations from './nn/activations.js';
import type { AnyOpDef } from './op-def.js';

const families: readonly object[] = [
  arrayTempCore,
  mathAddN,
  mathArithmetic,
  mathBroadcastGradientArgs,
  mathCast,
  mathClip,
  mathCompare,
  mathDivision,
  mathExponential,
  mathExtrema,
  mathPower,
  mathSelect,
  mathTrigonometry,
  mathUnaryGrad,
  mathUnary,
  nnActivationGrads,
  nnActivations,
];

const isOpDef = (item: unknown): item is AnyOpDef =>
  typeof item === 'object' && item !== null && 'lower' in item && 'infer' in item;

export const allOps: readonly AnyOpDef[] = families.flatMap((family) =>
  Object.values(family).filter(isOpDef),
);

const byName = new Map(allOps.map((def) => [def.name, def]));
registerOps(allOps);

/** Definition of an op type. @throws UnimplementedError for a type not on the list. */
export function opDef(type: string): AnyOpDef {
  const def = byName.get(type);
  if (def === undefined)
    throw new UnimplementedError(`Op type not supported: ${type}.`, { op: type });
  return def;
}

/** Whether the compiler can lower an op type. */
export const isLowerable = (type: string): boolean => byName.has(type);
