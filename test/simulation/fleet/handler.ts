/** What the simulated workers execute. The payload says how it goes; what is returned is signed with run and attempt. */
import type { Clock } from '../../../lib/worker/clock.ts';
import type { Ending, Executor } from '../../../lib/worker/handlers.ts';
import type { Ledger } from '../ledger.ts';
import { isBehaviour } from './behaviour.ts';
import { stepWork } from './step-work.ts';

/** How long a handler that was asked to stop takes to do so. */
const STOP_MS = 300;

export const createHandler =
  (worker: string, clock: Clock, ledger: Ledger, moment: () => void, stir: () => void): Executor =>
  ({ run, attempt, payload, tries }, control) =>
    new Promise<Ending>((resolve) => {
      if (!isBehaviour(payload)) {
        ledger.fail('stale_refused', `run ${run} was executed with another payload than its own`);
        return;
      }
      const execution = ledger.begin(run, attempt, worker, payload);
      const step = stepWork(run, attempt, tries, payload);
      stir();
      const end = (how: 'succeeded' | 'failed' | 'stopped', ending: Ending): void => {
        if (execution.endedAt === undefined) {
          stir();
          execution.endedAt = ledger.now();
          execution.how = how;
          cancel();
          resolve(ending);
        }
      };
      const finish = (): void => {
        moment();
        if (step?.fails ?? tries < payload.fails) {
          end('failed', { outcome: 'failed', reason: 'handler_failed', error: `no: ${run}:${attempt}` });
        } else {
          const output = step?.output ?? `${run}:${attempt}${' '.repeat(payload.prints)}`;
          execution.output = output;
          end('succeeded', { outcome: 'succeeded', output });
        }
      };
      const cancel = clock.startTimer(step?.workMs ?? payload.workMs, finish);
      if (payload.progress) {
        clock.startTimer(payload.workMs / 2, () => control.progress(50, 'half way'));
      }
      control.stopping.addEventListener('abort', () => {
        clock.startTimer(STOP_MS, () => end('stopped', { outcome: 'failed', signal: 'SIGTERM', error: 'stopped' }));
      });
      moment();
    });
