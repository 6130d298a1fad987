/** A kernel as WGSL for an adapter. */
import type { Kernel } from '../../ir/kernel.js';
import { printContract } from './wgsl-contract.js';
import { printMap } from './wgsl-map.js';
import { printMaps } from './wgsl-maps.js';
import type { GpuCaps, WgslModule } from './wgsl-module.js';
import { printReduce } from './wgsl-reduce.js';
import { printScatter } from './wgsl-scatter.js';

/**
 * Prints a kernel; of a scatter the updates, its fill being a map kernel (`fillOf`). Pure: the same kernel and facts give the same text.
 * @throws InternalError if the kernel computes in a type WGSL lacks.
 */
export function printKernel(kernel: Kernel, caps: GpuCaps): WgslModule {
  switch (kernel.kind) {
    case 'map':
      return printMap(kernel, caps);
    case 'maps':
      return printMaps(kernel, caps);
    case 'reduce':
      return printReduce(kernel, caps);
    case 'contract':
      return printContract(kernel, caps);
    case 'scatter':
      return printScatter(kernel, caps);
  }
}
