/**
 * What a page of jobs costs when there are few and when there are very many: read units, counted on DynamoDB Local, so they
 * are the same on every machine.
 */
import { join } from 'node:path';
import { startDynamoDbLocal } from '../lib/local/aws/dynamodb-local.ts';
import { requireJava } from '../lib/local/preflight.ts';
import { loadTemplates } from '../lib/local/template/load-templates.ts';
import { createLogger } from '../lib/platform/logger.ts';
import { LISTS, type ListCost, type ListName, openMeteredLists } from '../test/support/meter-lists.ts';

const ROOT = join(import.meta.dirname, '..');
const NAMES = Object.keys(LISTS) as ListName[];

export type ListFigures = {
  readonly jobs: number;
  /** To write the rows. */
  readonly fillMs: number;
  /** Of the first page. */
  readonly costs: ReadonlyMap<ListName, ListCost>;
};

/** @param sizes how many jobs there are */
export const measureLists = async (sizes: readonly number[]): Promise<readonly ListFigures[]> => {
  const java = await requireJava();
  const database = await startDynamoDbLocal({
    java,
    logger: createLogger({ level: 'error' }),
    onEnd: (reason) => process.stderr.write(`${reason}\n`),
  });
  try {
    const templates = await loadTemplates(ROOT, join(ROOT, '.cronsaga', 'templates'));
    await database.ready;
    const figures: ListFigures[] = [];
    for (const jobs of sizes) {
      const startedAt = performance.now();
      const lists = await openMeteredLists(jobs, { endpoint: database.endpoint, templates });
      const fillMs = performance.now() - startedAt;
      const costs = new Map<ListName, ListCost>();
      for (const name of NAMES) {
        const [cost] = await lists.costOf(name);
        costs.set(name, cost);
      }
      lists.close();
      figures.push({ jobs, fillMs, costs });
    }
    return figures;
  } finally {
    await database.stop();
  }
};
