/** In a browser there is `navigator.gpu` or nothing: stands in for `local-gpu.ts` in bundles. */
import { UnavailableError } from '../../errors.js';
import type { findLocalAdapter as find } from './local-gpu.js';

export const findLocalAdapter: typeof find = () =>
  Promise.reject(
    new UnavailableError(
      "This page has no navigator.gpu. WebGPU needs a secure context (https or localhost) and a browser that has it switched on; or use device 'cpu'.",
    ),
  );
