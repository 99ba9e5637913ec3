/** The import rules of docs/ARCHITECTURE.md, by number. Libraries from the ground up; each may import those before it. */
const layers = [
  ['kernel'],
  ['decisions'],
  ['platform'],
  ['ledger'],
  ['access'],
  ['subjects'],
  ['policy'],
  ['consent', 'stores'],
  ['impact'],
  ['enforcement'],
  ['requests', 'retention'],
  ['offboarding'],
  ['interop'],
];
const lib = (names) => `^libs/(${names.join('|')})/`;
const tests = '\\.test\\.ts$|^libs/testing/|^test/|^bench/';

const downwards = layers.slice(0, -1).map((names, level) => ({
  name: `downwards-only-${names.join('-')}`,
  comment: 'Rule 3: libraries import downwards only; what must go upwards is an outbox event.',
  severity: 'error',
  from: { path: lib(names), pathNot: tests },
  to: { path: lib(layers.slice(level + 1).flat()) },
}));

export default {
  forbidden: [
    {
      name: 'kernel-imports-nothing-of-ours',
      comment: 'Rule 1.',
      severity: 'error',
      from: { path: '^libs/kernel/', pathNot: tests },
      to: { path: '^(libs/(?!kernel/)|apps/)' },
    },
    {
      name: 'decisions-are-for-everyone',
      comment: 'Rule 1: clients without Node.js or Nest decide as well.',
      severity: 'error',
      from: { path: '^libs/decisions/', pathNot: tests },
      to: { path: '.', pathNot: '^libs/(kernel|decisions)/' },
    },
    {
      name: 'platform-imports-kernel-only',
      comment: 'Rule 1.',
      severity: 'error',
      from: { path: '^libs/platform/', pathNot: tests },
      to: { path: '^(libs/(?!(kernel|platform)/)|apps/|migrations/)' },
    },
    {
      name: 'domain-is-pure',
      comment: 'Rule 2: domain/ imports its own domain/, the kernel, and types of other libraries.',
      severity: 'error',
      from: { path: '^libs/([^/]+)/domain/', pathNot: tests },
      to: {
        pathNot: [
          '^libs/$1/domain/',
          '^libs/kernel/',
          '^libs/decisions/index\\.ts$',
          // What a library offers to the rules of others.
          '^libs/[^/]+/domain/index\\.ts$',
          '^node_modules/(zod|yaml|canonicalize|temporal-polyfill|@casl/ability)/',
          '^(node:)?crypto$',
        ],
        dependencyTypesNot: ['type-only'],
      },
    },
    ...downwards,
    {
      name: 'requests-and-retention-are-strangers',
      comment: 'Rule 3.',
      severity: 'error',
      from: { path: '^libs/(requests|retention)/', pathNot: tests },
      to: { path: '^libs/(requests|retention)/', pathNot: '^libs/$1/' },
    },
    {
      name: 'clients-know-decisions-only',
      comment: 'Rule 1: what runs in somebody else’s process brings nothing of ours along.',
      severity: 'error',
      from: { path: '^libs/client/', pathNot: tests },
      to: { path: '.', pathNot: '^libs/(decisions|client)/' },
    },
    {
      name: 'openfeature-knows-the-client-only',
      comment: 'Rule 1: OpenFeature’s provider is a client like any other, with the SDK beside it.',
      severity: 'error',
      from: { path: '^libs/openfeature/', pathNot: tests },
      to: { path: '.', pathNot: '^libs/(decisions|client|openfeature)/|^node_modules/@openfeature/' },
    },
    {
      name: 'only-openfeature-loads-its-sdk',
      comment: 'Rule 1: who takes the client takes no SDK along.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: `^libs/openfeature/|${tests}` },
      to: { path: '^node_modules/@openfeature/|^libs/openfeature/' },
    },
    {
      name: 'connector-kit-knows-the-kernel-only',
      comment: 'Rule 4.',
      severity: 'error',
      from: { path: '^libs/connector-kit/', pathNot: tests },
      to: { path: '^(libs/(?!(kernel|connector-kit)/)|apps/)' },
    },
    {
      name: 'connectors-know-the-kit-and-their-driver',
      comment: 'Rule 4: no connector imports another, or a domain library.',
      severity: 'error',
      from: { path: '^libs/connectors/([^/]+)/', pathNot: tests },
      to: { path: '^(libs/|apps/)', pathNot: '^libs/(kernel|connector-kit|connectors/$1)/' },
    },
    {
      name: 'only-connectors-load-drivers',
      comment:
        'Rule 4: the API loads manifests; drivers live behind connectors. The demo is a host with stores of its own.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: `^libs/connectors/|^apps/demo/|${tests}` },
      to: { path: '^node_modules/(@duckdb|@lancedb|apache-arrow)/' },
    },
    {
      name: 'libraries-never-import-apps',
      comment: 'Rule 5.',
      severity: 'error',
      from: { path: '^libs/', pathNot: tests },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-never-import-each-other',
      comment: 'Rule 5.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/', pathNot: tests },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'across-libraries-only-the-index',
      comment: 'Rule 5: across libraries only `#name`; inside one, relative paths.',
      severity: 'error',
      from: { path: '^(libs/connectors/[^/]+|libs/[^/]+|apps/[^/]+|test|bench)/' },
      to: { path: '^libs/', pathNot: ['/index\\.ts$', '^$1/', '^libs/testing/'] },
    },
    {
      name: 'stages-only-for-tests',
      comment: 'Rule 5: what a library sets up for tests, also for those of libraries above it.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: `/testing/|${tests}` },
      to: { path: '^libs/[^/]+/testing/' },
    },
    {
      name: 'bullmq-only-at-the-edge',
      comment: 'Rule 6.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: `^(apps/worker|libs/platform)/|${tests}` },
      to: { path: '^node_modules/(bullmq|@nestjs/bullmq)/' },
    },
    {
      name: 'typeorm-only-in-rows-and-repositories',
      comment: 'Rule 6. Use cases may name the transaction type.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: `/rows/|\\.repository\\.ts$|^libs/platform/|${tests}` },
      to: { path: '^node_modules/typeorm/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'class-validator-only-in-dtos',
      comment: 'Rule 6.',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: `\\.dto\\.ts$|${tests}` },
      to: { path: '^node_modules/(class-validator|class-transformer)/' },
    },
    { name: 'no-cycles', comment: 'Rule 6.', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      comment: 'Rule 6: what nothing uses is deleted.',
      severity: 'error',
      from: {
        orphan: true,
        pathNot: [tests, '\\.d\\.ts$', '/main\\.ts$', '/(manifest|connector)\\.ts$', '^migrations/'],
      },
      to: {},
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      conditionNames: ['source', 'import', 'require', 'node', 'default', 'types'],
      exportsFields: ['exports'],
    },
  },
};
