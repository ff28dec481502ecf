import type { Run } from '../../domain/run.ts';
import { expire } from '../../domain/run-verdicts.ts';
import type { Ports } from '../ports/index.ts';
import type { Ended } from './ended.ts';
import { toException } from './run-exception.ts';

/** Ends a run that has not begun by its last start (rule R8). Whatever changed the row meanwhile (a claim, a cancel) was in time. */
export const createExpireRun =
  ({ runs, settings, now }: Pick<Ports, 'runs' | 'settings' | 'now'>, ended: Ended): ((run: Run) => Promise<void>) =>
  async (run) => {
    const at = now();
    const error = `Not started by ${new Date(run.startBy ?? at).toISOString()}`;
    const exception = toException(run, { reason: 'not_started', error }, at);
    const end = { now: at, retentionMs: settings.retentionMs };
    const committed = await runs.commit(expire(run, error, end).change, exception);
    if (committed.kind === 'won') {
      await ended(committed.run);
    }
  };
