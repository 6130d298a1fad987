/** Dtypes whose elements kernels can move and compute: what array ops accept. */
import { floatDTypes, integerDTypes } from '../graph/dtype.js';

export const dataDTypes = [...floatDTypes, ...integerDTypes, 'bool'] as const;

/** Dtypes that can be summed. */
export const numberDTypes = [...floatDTypes, ...integerDTypes] as const;

/** Dtypes of shapes, axes and indices. */
export const indexDTypes = ['int32', 'int64'] as const;
