import type { Context } from 'aws-lambda';
import type { Jobs } from '../../application/jobs/api.ts';
import type { Logger } from '../logger.ts';

export type ReconcileDependencies = {
  readonly jobs: Pick<Jobs, 'reconcile'>;
  readonly logger: Logger;
};

/** A page begins only with so much time left: it reads a hundred jobs, and repairs those of them that need it. */
const PAGE_MS = 8_000;

/**
 * Rule J6: looks at every active job, page by page. What does not fit into one invocation is left to the next of this
 * instance, which goes on there; another instance begins at the beginning.
 */
export const createReconcileHandler = ({ jobs, logger }: ReconcileDependencies) => {
  let goOnAt: string | undefined;

  return async (_event: unknown, { getRemainingTimeInMillis }: Pick<Context, 'getRemainingTimeInMillis'>) => {
    let repaired = 0;
    do {
      const page = await jobs.reconcile(goOnAt);
      repaired += page.repaired;
      goOnAt = page.cursor;
    } while (goOnAt !== undefined && getRemainingTimeInMillis() > PAGE_MS);
    if (repaired > 0) {
      logger.warn('Jobs had lost their alarms or a run: repaired', { repaired });
    }
    if (goOnAt !== undefined) {
      logger.info('Not every job was looked at: the next turn goes on there');
    }
    return { repaired };
  };
};
