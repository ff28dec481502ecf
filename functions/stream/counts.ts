/** Keeps the totals per status and handler. */
import { composeCounts } from '../../lib/platform/compose-counts.ts';
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { countsEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createCountsHandler } from '../../lib/platform/stream/counts-handler.ts';

export const handler = createCountsHandler({ countChanges: composeCounts(readEnv(countsEnvSchema).TABLE_NAME) });
