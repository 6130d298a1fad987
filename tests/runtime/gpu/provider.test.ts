/** Finding an adapter: given objects, machines with none, and the software driver's unpacking. */
import { describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { UnavailableError } from '../../../src/errors.js';
import { GpuRuntime } from '../../../src/runtime/gpu/device.js';
import { inspectGpu } from '../../../src/runtime/gpu/gpu-report.js';
import { createDawn } from '../../../src/runtime/gpu/local-gpu.js';
import { findAdapter } from '../../../src/runtime/gpu/provider.js';
import { readTar, unpackSwiftShader } from '../../../src/runtime/gpu/swiftshader.js';

describe('findAdapter', () => {
  it('finds an adapter on this machine, hardware or software', async () => {
    const { facts } = await findAdapter();
    expect(facts.description).not.toBe('');
    expect(facts.limits['maxComputeWorkgroupSizeX']).toBeGreaterThanOrEqual(256);
  });

  it('takes a GPU object and an adapter it is given', async () => {
    const gpu = await createDawn();
    expect((await findAdapter({ gpu })).source).toBe('given');
    const adapter = await gpu.requestAdapter();
    if (adapter === null) throw new Error('no adapter');
    const runtime = await GpuRuntime.create({ adapter });
    expect(runtime.description).toBe(adapter.info.description);
    await runtime.close();
  });

  it('finds a software adapter when asked for one', async () => {
    const { facts } = await findAdapter({ forceSoftware: true });
    expect(facts.isSoftware).toBe(true);
  });

  it('says so when the GPU object it was given has no adapter', async () => {
    const gpu = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;
    await expect(findAdapter({ gpu })).rejects.toThrow(UnavailableError);
  });
});

describe('SwiftShader', () => {
  it('reads the files of a tar archive', () => {
    const archive = new Uint8Array(2048);
    const put = (at: number, text: string): void => {
      archive.set(new TextEncoder().encode(text), at);
    };
    put(0, 'folder/name.txt');
    put(124, '00000000005');
    put(156, '0');
    put(512, 'hello');
    const entries = readTar(archive);
    expect([...entries.keys()]).toEqual(['name.txt']);
    expect(new TextDecoder().decode(entries.get('name.txt'))).toBe('hello');
  });

  it('unpacks once into a folder of its own, also when asked twice at once', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'defrun-test-'));
    const before = process.env['XDG_CACHE_HOME'];
    process.env['XDG_CACHE_HOME'] = cache;
    try {
      const [folder, same] = await Promise.all([unpackSwiftShader(), unpackSwiftShader()]);
      expect(same).toBe(folder);
      expect((await readdir(folder)).sort()).toEqual([
        'libvk_swiftshader.so',
        'libvulkan.so.1',
        'vk_swiftshader_icd.json',
      ]);
      expect(await readdir(join(cache, 'defrun'))).toHaveLength(1);
      expect((await stat(join(cache, 'defrun'))).mode & 0o077).toBe(0);
    } finally {
      if (before === undefined) delete process.env['XDG_CACHE_HOME'];
      else process.env['XDG_CACHE_HOME'] = before;
      await rm(cache, { recursive: true });
    }
  });
});

describe('inspectGpu', () => {
  it('reports packages, adapters and limits as plain data', async () => {
    const report = await inspectGpu();
    expect(report.packages['webgpu']).toMatch(/^\d+\./);
    expect(report.chosen?.limits['maxBufferSize']).toBeGreaterThan(2 ** 20);
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });
});
