import type { SkipReason } from '../../domain/job/job.ts';
import { type RunRequest, submitSkipped } from '../../domain/run-decisions.ts';
import type { Ports } from '../ports/index.ts';
import type { RunCreation } from './create-run.ts';

export type SkipRun = (request: RunRequest, skip: SkipReason) => Promise<RunCreation>;

/** Writes down an occurrence that is not executed: a run that is born final, so no alarm watches it. */
export const createSkipRun =
  ({ runs, settings, now, token }: Pick<Ports, 'runs' | 'settings' | 'now' | 'token'>): SkipRun =>
  async (request, skip) => {
    const run = submitSkipped(request, skip, { now: now(), retentionMs: settings.retentionMs });
    // No alarm was armed for this row, so none can have given up on it: a void mark of another creation is no obstacle.
    const created = await runs.create(run, token());
    if (created.kind === 'voided') {
      throw new Error('A row that no alarm was armed for was voided');
    }
    return created.kind === 'created' ? { kind: 'created', run } : created;
  };
