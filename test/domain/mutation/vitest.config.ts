import { defineConfig } from 'vitest/config';

/** The domain's tests alone: they need no database, so none is started for each of some hundred faults. */
// biome-ignore lint/style/noDefaultExport: it is how Vitest reads it
export default defineConfig({
  test: {
    include: ['test/domain/**/*.test.ts'],
    setupFiles: ['test/domain/mutation/same-draws.ts'],
  },
});
