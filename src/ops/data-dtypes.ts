/** Lists of dtypes that ops take. */
import { complexDTypes, floatDTypes, integerDTypes } from '../graph/dtype.js';

/** Numbers with an order. */
export const realDTypes = [...floatDTypes, ...integerDTypes] as const;

/** Dtypes that can be summed. */
export const numberDTypes = [...realDTypes, ...complexDTypes] as const;

/** Dtypes of values that are computed with: numbers and truth values. */
export const valueDTypes = [...numberDTypes, 'bool'] as const;

/** Dtypes whose elements kernels can move: what array ops accept. */
export const dataDTypes = [...valueDTypes, 'string'] as const;

/** What functions of analysis are defined on. */
export const analyticDTypes = [...floatDTypes, ...complexDTypes] as const;

/** Dtypes of shapes, axes and indices. */
export const indexDTypes = ['int32', 'int64'] as const;
