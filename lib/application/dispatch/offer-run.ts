import type { Run } from '../../domain/run.ts';
import { type Claimable, claim } from '../../domain/run-decisions.ts';
import { arm } from '../alarms/arm.ts';
import type { Ports, Reading } from '../ports/index.ts';
import type { FindCredit, Seeking } from './find-credit.ts';
import type { Push } from './push.ts';

export type OfferRun = (
  run: Claimable & Seeking,
  look: { readonly scope: 'two' | 'all'; readonly reading: Reading; readonly payload?: string },
) => Promise<Run | 'no_credit' | 'lost'>;

/**
 * Offers a `ready` run to the sessions of its pool: the look after it turned ready (rule D3), and the look of its alarm.
 * @returns the run as claimed; `no_credit` when no session could take it; `lost` when the row had changed meanwhile
 */
export const createOfferRun =
  (ports: Ports, findCredit: FindCredit, push: Push): OfferRun =>
  async (run, { scope, reading, payload }) => {
    const { runs, sessions, now } = ports;
    const credit = await findCredit(run, scope, reading);
    if (credit === undefined) {
      return 'no_credit';
    }
    const decision = claim(run, credit.grant, now());
    if (decision.arm !== undefined) {
      await arm(ports, { kind: 'run', id: run.id }, decision.arm.g, decision.arm.dueAt);
    }
    const committed = await runs.commit(decision.change);
    if (committed.kind === 'lost') {
      await sessions.giveBack(credit.session, 1);
      return 'lost';
    }
    await push(credit.session, [payload === undefined ? { run: committed.run } : { run: committed.run, payload }]);
    return committed.run;
  };
