import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or more, the longest first. Begun last, one of them would run alone at the end. */
const LONGEST = [
  'simulation/slice',
  'simulation/bugs',
  'e2e/sagas-crashes',
  'budgets/transactions',
  'e2e/faults',
  'budgets/units',
  'e2e/start',
  'e2e/identity',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number => {
      const found = LONGEST.findIndex((name) => moduleId.endsWith(`/test/${name}.test.ts`));
      return found === -1 ? LONGEST.length : found;
    };
    return (await super.sort(files)).sort((a, b) => place(a) - place(b));
  }
}

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/support/dynamodb-global-setup.ts'],
    // A process for each file: some tests start servers, threads and children, and none may see another's environment.
    pool: 'forks',
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // `.ci/run` reads the sums from the file.
    reporters: ['default', ['json', { outputFile: 'reports/tests.json' }]],
  },
});
