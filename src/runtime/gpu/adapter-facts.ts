/** What an adapter says of itself, read before a device is asked for, as plain data. */
import type { GpuCaps } from './wgsl-module.js';

export interface AdapterFacts {
  /** For people: `llvmpipe: Mesa 25.0.7 (LLVM 15.0.6)`. */
  readonly description: string;
  readonly vendor: string;
  readonly architecture: string;
  /** Whether a CPU plays the GPU. */
  readonly isSoftware: boolean;
  readonly features: readonly string[];
  readonly limits: Readonly<Record<string, number>>;
  /** 0 if unknown. */
  readonly subgroupMinSize: number;
  readonly subgroupMaxSize: number;
}

const softwareNames = /llvmpipe|lavapipe|swiftshader|software|basic render/i;

/** Limits are read through the prototype, and may come as bigint: plain numbers leave. */
function limitsOf(limits: GPUSupportedLimits): Record<string, number> {
  const plain: Record<string, number> = {};
  for (const name in limits) {
    const value = Number((limits as unknown as Record<string, number | bigint>)[name]);
    if (Number.isFinite(value)) plain[name] = value;
  }
  return plain;
}

export function factsOf(adapter: GPUAdapter): AdapterFacts {
  const { info } = adapter;
  const fallback = (info as { isFallbackAdapter?: boolean }).isFallbackAdapter === true;
  const names = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`;
  return {
    description: info.description || info.device || names.trim() || 'unnamed adapter',
    vendor: info.vendor,
    architecture: info.architecture,
    isSoftware: fallback || softwareNames.test(names),
    features: [...adapter.features].sort(),
    limits: limitsOf(adapter.limits),
    subgroupMinSize: (info as { subgroupMinSize?: number }).subgroupMinSize ?? 0,
    subgroupMaxSize: (info as { subgroupMaxSize?: number }).subgroupMaxSize ?? 0,
  };
}

/** What printers may rely on, on a device created with the adapter's own limits. */
export function capsOf(facts: AdapterFacts): GpuCaps {
  const { limits, subgroupMinSize, subgroupMaxSize } = facts;
  const sized = subgroupMinSize > 0;
  return {
    maxWorkgroupsPerDimension: limits['maxComputeWorkgroupsPerDimension'] ?? 65535,
    subgroups: facts.features.includes('subgroups'),
    subgroupSize: subgroupMinSize,
    subgroupSizeFixed: sized && subgroupMinSize === subgroupMaxSize,
    maxWorkgroupStorageBytes: limits['maxComputeWorkgroupStorageSize'] ?? 16384,
    maxInvocationsPerWorkgroup: limits['maxComputeInvocationsPerWorkgroup'] ?? 256,
    isSoftware: facts.isSoftware,
  };
}
