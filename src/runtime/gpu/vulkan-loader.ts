/**
 * The process's side of Vulkan: environment variables its loader reads, and the loader library
 * itself, put in place before Dawn looks for it. Node only; browsers never come here.
 */
import { UnavailableError } from '../../errors.js';

interface Koffi {
  load(path: string): { func(signature: string): (...args: unknown[]) => unknown };
}

/** Why a package could not be imported, with what to do about it. */
export const missingPackage = (name: string, use: string, cause: unknown): UnavailableError =>
  new UnavailableError(`${use} needs the package "${name}". Run: npm install ${name}`, { cause });

export async function importKoffi(): Promise<Koffi> {
  try {
    const loaded = (await import('koffi')) as unknown as Koffi & { default?: Koffi };
    return loaded.default ?? loaded;
  } catch (cause) {
    throw missingPackage('koffi', 'Loading the software Vulkan driver', cause);
  }
}

/** Keeps the loader from complaining on stderr where no session set the variable. */
export function quietVulkanLoader(): void {
  if (process.platform !== 'linux') return;
  process.env['XDG_RUNTIME_DIR'] ??= '/tmp';
}

/**
 * Sets variables for C libraries. `process.env` does so in plain Node, but under test runners it is
 * a copy, so libc is told as well.
 */
function setEnvironment(koffi: Koffi, values: Readonly<Record<string, string>>): void {
  const libc = koffi.load('libc.so.6');
  const setenv = libc.func('int setenv(const char *name, const char *value, int overwrite)');
  for (const [name, value] of Object.entries(values)) {
    process.env[name] = value;
    setenv(name, value, 1);
  }
}

/**
 * Makes Vulkan use one driver: `icdPath` names its manifest, `loaderPath` a libvulkan.so.1 for
 * machines without one. Must come before the `webgpu` package creates its instance.
 */
export async function useVulkanDriver(icdPath: string, loaderPath: string): Promise<void> {
  const koffi = await importKoffi();
  setEnvironment(koffi, { VK_DRIVER_FILES: icdPath, VK_ICD_FILENAMES: icdPath });
  try {
    koffi.load('libvulkan.so.1');
  } catch {
    koffi.load(loaderPath);
  }
}
