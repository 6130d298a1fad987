/** Op types known to this process, by TensorFlow's type name. The op list fills it once, at import. */
import { LookupError } from '../errors.js';
import type { AnyOpSchema } from './op-schema.js';

const schemas = new Map<string, AnyOpSchema>();

export function registerOps(defs: readonly AnyOpSchema[]): void {
  for (const def of defs) schemas.set(def.name, def);
}

/** Schema of an op type, or undefined for a type only a loaded file knows. */
export const findSchema = (type: string): AnyOpSchema | undefined => schemas.get(type);

export function schemaOf(type: string): AnyOpSchema {
  const schema = schemas.get(type);
  if (schema === undefined)
    throw new LookupError(`Op type not registered '${type}'.`, { op: type });
  return schema;
}

export const registeredTypes = (): readonly string[] => [...schemas.keys()];
