/** Layers, low to high: what each may import besides itself. Type-only imports count. */
const layers = {
  errors: { path: '^src/errors[.]ts$', may: [] },
  types: { path: '^src/graph/(dtype|shape|half-floats)[.]ts$', may: ['errors'] },
  graph: { path: '^src/graph/(?!(dtype|shape|half-floats)[.]ts$)', may: ['errors', 'types'] },
  ir: { path: '^src/ir/', may: ['errors', 'types'] },
  ops: { path: '^src/ops/', may: ['errors', 'types', 'graph', 'ir'] },
  optimizer: { path: '^src/optimizer/', may: ['errors', 'types', 'graph', 'ops'] },
  compiler: { path: '^src/compiler/', may: ['errors', 'types', 'graph', 'ir', 'ops'] },
  runtime: { path: '^src/runtime/', may: ['errors', 'types', 'ir'] },
  session: {
    path: '^src/session/',
    may: ['errors', 'types', 'graph', 'ir', 'ops', 'compiler', 'runtime'],
  },
  serialize: { path: '^src/serialize/', may: ['errors', 'types', 'graph', 'ops'] },
  building: { path: '^src/(losses|layers)/', may: ['errors', 'types', 'graph', 'ops'] },
  data: { path: '^src/data/', may: ['errors', 'types', 'graph'] },
  standing: {
    path: '^src/(train|summary|serving)/',
    may: ['errors', 'types', 'graph', 'ops', 'optimizer', 'session', 'serialize', 'data'],
  },
  // The public namespaces: files directly under src.
  index: {
    path: '^src/(?!errors[.]ts$)[^/]+[.]ts$',
    may: [
      'errors',
      'types',
      'graph',
      'ops',
      'optimizer',
      'session',
      'serialize',
      'building',
      'data',
      'standing',
    ],
  },
};

/** The command line stands on the public index; it also reads files and looks into devices. */
const cliMay = ['errors', 'types', 'graph', 'data', 'serialize', 'index', 'runtime', 'session'];

const pathsOf = (names) => names.map((name) => layers[name].path);

const layerRules = Object.entries(layers).map(([name, { path, may }]) => ({
  name: `layer-${name}`,
  severity: 'error',
  comment: `${name} may import ${may.join(', ') || 'nothing'}`,
  from: { path },
  to: { path: '^(src|bin)/', pathNot: [path, ...pathsOf(may)] },
}));

const only = (name, from, to, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: '^(src|bin)/', pathNot: from },
  to: { path: to },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'Type-only cycles count too.',
      from: {},
      to: { circular: true },
    },
    ...layerRules,
    {
      name: 'layer-cli',
      severity: 'error',
      from: { path: '^(src/cli|bin)/' },
      to: { path: '^src/', pathNot: ['^(src/cli|bin)/', ...pathsOf(cliMay)] },
    },
    {
      name: 'op-files-are-leaves',
      severity: 'error',
      comment: 'Op families meet in the graph, through the builder, and do not import each other.',
      from: { path: '^src/ops/([^/]+)/' },
      to: { path: '^src/ops/[^/]+/', pathNot: '^src/ops/$1/' },
    },
    only(
      'webgpu-only-in-gpu-runtime',
      '^src/runtime/gpu/',
      'node_modules/webgpu/',
      'Other GPU objects can be given instead.',
    ),
    only(
      'protobufjs-only-in-serialize',
      '^src/serialize/',
      'node_modules/protobufjs/',
      'Nothing else reads wire bytes.',
    ),
    {
      name: 'node-modules-at-the-edges',
      severity: 'error',
      comment:
        'A browser has no node: modules; bundles leave these files out (imports in package.json).',
      from: {
        path: '^src/',
        pathNot: [
          '^src/cli/',
          '^src/serialize/files[.]ts$',
          '^src/runtime/gpu/(vulkan-loader|swiftshader|local-gpu|gpu-report)[.]ts$',
        ],
      },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-junk-drawer',
      severity: 'error',
      from: {},
      to: { path: '(^|/)(utils?|helpers?|common|misc)([.]ts|/)', pathNot: 'node_modules' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { conditionNames: ['import', 'node', 'default', 'types'] },
  },
};
