/** Serves the OpenAPI document and Swagger UI. */
import { readEnv } from '../../lib/platform/env/read-env.ts';
import { docsEnvSchema } from '../../lib/platform/env/schemas.ts';
import { createDocsHandler } from '../../lib/platform/http/docs-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';

const env = readEnv(docsEnvSchema);

export const handler = createDocsHandler({
  logger: createLogger({ level: env.LOG_LEVEL, fields: { function: 'docs', stage: env.STAGE } }),
});
