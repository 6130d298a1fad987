/** What `defrun doctor` tells of the GPU: what is installed, what was found, what is missing. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { AdapterFacts } from './adapter-facts.js';
import { createDawn } from './local-gpu.js';
import type { FoundAdapter } from './pick-adapter.js';
import { findAdapter } from './provider.js';

export interface GpuReport {
  readonly platform: string;
  readonly node: string;
  /** Optional packages: installed version, or null. */
  readonly packages: Readonly<Record<string, string | null>>;
  /** Variables the Vulkan loader reads, where set. */
  readonly environment: Readonly<Record<string, string>>;
  /** Adapters of the machine's own drivers, in Dawn's words. */
  readonly systemAdapters: readonly string[];
  /** The adapter a session would use, or null. */
  readonly chosen: (AdapterFacts & { readonly source: FoundAdapter['source'] }) | null;
  /** What is missing, and how to get it; empty when all is well. */
  readonly advice: readonly string[];
}

const packageNames = ['webgpu', 'koffi', '@sparticuz/chromium'] as const;
const variableNames = [
  'VK_DRIVER_FILES',
  'VK_ICD_FILENAMES',
  'LD_LIBRARY_PATH',
  'LP_NUM_THREADS',
  'XDG_RUNTIME_DIR',
] as const;

async function installedVersion(name: string): Promise<string | null> {
  const folders = createRequire(import.meta.url).resolve.paths(name) ?? [];
  for (const folder of folders) {
    try {
      const text = await readFile(path.join(folder, name, 'package.json'), 'utf8');
      return (JSON.parse(text) as { version?: string }).version ?? 'unknown version';
    } catch {
      continue;
    }
  }
  return null;
}

/** Dawn lists its adapters in the message about one that does not exist. */
async function systemAdapters(): Promise<string[]> {
  try {
    const gpu = await createDawn(['adapter=no adapter has this name']);
    await gpu.requestAdapter();
    return [];
  } catch (error) {
    const message = error instanceof Error ? error.message : '';
    return [...message.matchAll(/^\s*\*\s*(.+)$/gm)].map(([, line = '']) => line.trim());
  }
}

function adviceFor(report: Omit<GpuReport, 'advice'>, failure: string | undefined): string[] {
  const { chosen, packages } = report;
  const advice: string[] = [];
  if (failure !== undefined) advice.push(failure);
  if (chosen?.isSoftware === true)
    advice.push("The adapter is a software one: install the GPU vendor's Vulkan driver for speed.");
  if (chosen === null || chosen.source === 'swiftshader')
    for (const name of packageNames)
      if (packages[name] === null) advice.push(`${name} is not installed: npm install ${name}`);
  if (chosen !== null && !chosen.features.includes('timestamp-query'))
    advice.push('The adapter has no timestamp queries: traces will show no kernel times.');
  return advice;
}

/** Looks at the machine. Never throws: what goes wrong is part of the report. */
export async function inspectGpu(): Promise<GpuReport> {
  const versions = await Promise.all(
    packageNames.map(async (name) => [name, await installedVersion(name)] as const),
  );
  const environment = variableNames.flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const found = await systemAdapters();
  let chosen: GpuReport['chosen'] = null;
  let failure: string | undefined;
  try {
    const { facts, source } = await findAdapter();
    chosen = { ...facts, source };
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  const report = {
    platform: `${process.platform} ${process.arch}`,
    node: process.version,
    packages: Object.fromEntries(versions),
    environment: Object.fromEntries(environment),
    systemAdapters: found,
    chosen,
  };
  return { ...report, advice: adviceFor(report, failure) };
}
