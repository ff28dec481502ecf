/**
 * Mutation testing of the domain: small faults are put into lib/domain one by one, and the tests of test/domain must
 * notice each. It says whether the tests of the rules can fail, which coverage does not.
 *
 * All of it: `npm run test:mutation`. What changed: `npm run test:mutation -- --mutate lib/domain/alarm.ts` (commas
 * between several files), or `-- --incremental`, which tries again only what a change can have touched since the last
 * such run.
 *
 * Not seen by it: numbers (Stryker has no faults for them, the tests name them instead) and whatever is written
 * `… as T`, most of all the table of transitions: `what may follow what` in run.test.ts spells that out.
 */
// biome-ignore lint/style/noDefaultExport: it is how Stryker reads it
export default {
  mutate: ['lib/domain/**/*.ts'],
  // What the copy that is mutated consists of. Without tsconfig.json, which Stryker would rewrite with a compiler API
  // that TypeScript 7 does not have.
  ignorePatterns: ['**', '!package.json', '!lib/**', '!test/domain/**', '!test/support/**'],
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'test/domain/mutation/vitest.config.ts' },
  // On top of the tests' own time. A loop without end is cut off after it; a busy machine must not look like one.
  timeoutMS: 10_000,
  reporters: ['clear-text', 'html'],
  clearTextReporter: { logTests: false, reportTests: false },
  htmlReporter: { fileName: 'reports/mutation/index.html' },
  incrementalFile: 'reports/mutation/incremental.json',
  tempDirName: 'reports/mutation/tmp',
  // Per cent. A fault that no test can see, because it changes nothing, is marked where it is with its reason:
  // `// Stryker disable next-line <mutator>: <why>`.
  thresholds: { high: 100, low: 100, break: 99 },
};
