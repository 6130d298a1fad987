/**
 * Bundles the benchmarks with the root's esbuild. `defrun` is left outside: it is the built package,
 * as users get it. Kernel benchmarks reach into `src`, and those parts are bundled from source.
 */
import { build } from '../node_modules/esbuild/lib/main.js';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const defrun = new URL('../dist/src/index.js', import.meta.url);
if (!existsSync(defrun))
  throw new Error("defrun is not built. Run 'npm ci && npm run build' in the root first.");

const outside = {
  name: 'defrun',
  setup(bundle) {
    bundle.onResolve({ filter: /^defrun$/ }, () => ({ path: defrun.href, external: true }));
  },
};

await build({
  absWorkingDir: fileURLToPath(new URL('.', import.meta.url)),
  entryPoints: [
    'compare.ts',
    'defrun-peer.ts',
    'tfjs-peer.ts',
    'kernels.ts',
    'contract.ts',
    'compile-time.ts',
  ],
  outdir: 'node_modules/.cache/benchmarks',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  plugins: [outside],
  logLevel: 'warning',
});
