/**
 * The layers, enforced: functions → platform → adapters → application → domain (docs/architecture.md).
 * Each rule says what breaks when it is ignored.
 */
const only = (name, comment, from, allowed) => ({
  name,
  comment,
  severity: 'error',
  from: { path: from },
  to: { pathNot: [...allowed, from], path: '^(lib|functions|bin|test|bench)/' },
});

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      comment: 'A cycle makes load order part of the behaviour.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'domain-is-pure',
      comment:
        'The domain decides without clock, randomness, AWS, zod or node: it can be tested and simulated alone. Reading cron expressions and time zones is as pure.',
      severity: 'error',
      from: { path: '^lib/domain/' },
      to: { pathNot: ['^lib/domain/', '^node_modules/(cron-parser|luxon)/'] },
    },
    only(
      'application-knows-ports-only',
      'A use case that imports an adapter cannot run in the simulation.',
      '^lib/application/',
      ['^lib/domain/', '^lib/contracts/'],
    ),
    only(
      'contracts-import-nothing',
      'Contracts are shared by every side, so they lean on no one but the domain words.',
      '^lib/contracts/',
      ['^lib/domain/'],
    ),
    only('adapters-point-inwards', 'An adapter implements ports; it does not know who composes it.', '^lib/adapters/', [
      '^lib/application/',
      '^lib/domain/',
      '^lib/contracts/',
      '^lib/worker/',
    ]),
    {
      name: 'worker-behind-one-port',
      comment: "Only the pool that a function executes runs the worker's executors inside the control plane.",
      severity: 'error',
      from: { path: '^lib/adapters/', pathNot: '^lib/adapters/function-pool/' },
      to: { path: '^lib/worker/' },
    },
    only('platform-composes', 'Composition is the only place where adapters meet use cases.', '^lib/platform/', [
      '^lib/adapters/',
      '^lib/application/',
      '^lib/domain/',
      '^lib/contracts/',
    ]),
    only('functions-are-thin', 'A function names its handler and its environment, nothing else.', '^functions/', [
      '^lib/platform/',
      '^lib/contracts/',
    ]),
    only(
      'infrastructure-sees-contracts',
      'Infrastructure that imports the runtime makes a deploy depend on code it only ships.',
      '^lib/infrastructure/',
      ['^lib/contracts/', '^lib/platform/env/'],
    ),
    only(
      'worker-stands-alone',
      'The worker is a library that others install: it needs the wire contract and the pure rules only.',
      '^lib/worker/',
      ['^lib/contracts/', '^lib/domain/'],
    ),
    {
      name: 'sdk-in-adapters-only',
      comment: 'One place to see every call to AWS.',
      severity: 'error',
      from: { path: '^(lib/(domain|application|contracts|worker|infrastructure)|functions)/' },
      to: { path: 'node_modules/@aws-sdk/' },
    },
    {
      name: 'no-runtime-import-of-tests',
      comment: 'Shipped code must not need the tests.',
      severity: 'error',
      from: { path: '^(lib|functions|bin)/' },
      to: { path: '^(test|bench)/' },
    },
    {
      name: 'no-dev-dependency-at-run-time',
      comment: 'A bundle that needs a devDependency fails only in the cloud.',
      severity: 'error',
      from: { path: '^(functions|lib/(domain|application|contracts|adapters|platform|worker))/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'resolvable',
      comment: 'An import that resolves to nothing. (aws-lambda is types only: @types/aws-lambda.)',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^aws-lambda$' },
    },
  ],
  options: {
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json'],
    },
  },
};
