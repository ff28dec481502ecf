/** One DynamoDB Local for the whole run of the tests. It is tethered to this process: it dies with it, however it ends. */
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startDynamoDbLocal } from '../../lib/local/aws/dynamodb-local.ts';
import { requireJava } from '../../lib/local/preflight.ts';
import { loadTemplates } from '../../lib/local/template/load-templates.ts';
import type { NamedTemplate } from '../../lib/local/template/resolver.ts';
import { RESOURCE_TYPES } from '../../lib/local/template/resources.ts';
import { createLogger } from '../../lib/platform/logger.ts';

declare module 'vitest' {
  interface ProvidedContext {
    readonly dynamodb: { readonly endpoint: string; readonly templates: readonly NamedTemplate[] };
  }
}

const ROOT = join(import.meta.dirname, '../..');

/** @returns what stops it */
export const setup = async (project: TestProject): Promise<() => Promise<void>> => {
  const java = await requireJava();
  const database = await startDynamoDbLocal({
    java,
    logger: createLogger({ level: 'error' }),
    onEnd: (reason) => process.stderr.write(`${reason}\n`),
  });
  try {
    // The table is the one that is deployed: made from the synthesised template.
    const [templates] = await Promise.all([loadTemplates(ROOT, join(ROOT, '.cronsaga', 'templates')), database.ready]);
    const declaresTable = ({ template }: NamedTemplate): boolean =>
      Object.values(template.Resources).some(({ Type }) => Type === RESOURCE_TYPES.table);
    project.provide('dynamodb', { endpoint: database.endpoint, templates: templates.filter(declaresTable) });
  } catch (error) {
    await database.stop();
    throw error;
  }
  return database.stop;
};
