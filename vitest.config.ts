import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/dynamodb-global-setup.ts'],
    // A process for each file: some tests start servers, threads and children, and none may see another's environment.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // `.ci/run` reads the sums from the file.
    reporters: ['default', ['json', { outputFile: 'reports/tests.json' }]],
  },
});
