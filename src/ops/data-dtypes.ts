/** Dtypes of values that are computed with: numbers and truth values. */
import { floatDTypes, integerDTypes } from '../graph/dtype.js';

export const valueDTypes = [...floatDTypes, ...integerDTypes, 'bool'] as const;

/** Dtypes whose elements kernels can move: what array ops accept. */
export const dataDTypes = [...valueDTypes, 'string'] as const;

/** Dtypes that can be summed. */
export const numberDTypes = [...floatDTypes, ...integerDTypes] as const;

/** Dtypes of shapes, axes and indices. */
export const indexDTypes = ['int32', 'int64'] as const;
