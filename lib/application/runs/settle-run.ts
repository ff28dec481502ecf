import { settle } from '../../domain/run-verdicts.ts';
import { arm } from '../alarms/arm.ts';
import type { Engine } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import type { SendCancel } from './cancel-run.ts';
import type { Ended } from './ended.ts';
import { toException } from './run-exception.ts';
import type { ViewRun } from './view-run.ts';

/** A run moves on only so often; a caller that lost this many races is told of a fault instead of spinning. */
const RACES = 10;

/** A person's verdict on a run (rule R9). It is final; the worker's copy is cancelled, and what it still says is stale. */
export const createSettleRun =
  (
    ports: Ports,
    tools: { readonly viewRun: ViewRun; readonly sendCancel: SendCancel; readonly ended: Ended },
  ): Engine['settleRun'] =>
  async (id, as) => {
    const { runs, settings, log, now } = ports;
    for (let race = 0; race < RACES; race += 1) {
      const run = await runs.get(id, 'consistent');
      if (run === undefined || run.hidden) {
        return { kind: 'not_found' };
      }
      const at = now();
      const decision = settle(run, as, { now: at, retentionMs: settings.retentionMs });
      if (decision === 'illegal') {
        return { kind: 'illegal', status: run.status };
      }
      if (decision.arm !== undefined) {
        await arm(ports, { kind: 'run', id }, decision.arm.g, decision.arm.dueAt);
      }
      const { status, reason } = decision.change.set;
      const badEnd = (status === 'failed' || status === 'timed_out') && reason !== undefined;
      const committed = await runs.commit(decision.change, badEnd ? toException(run, { reason }, at) : undefined);
      if (committed.kind === 'won') {
        log.info('A person has ended a run', { run: id, attempt: run.attempt, status: committed.run.status });
        await tools.sendCancel(run);
        await tools.ended(committed.run);
        return { kind: 'settled', run: await tools.viewRun(committed.run) };
      }
    }
    throw new Error(`Run ${id} changed ${RACES} times while it was being settled`);
  };
