import { missesStart, type Run, waitsUntil } from '../../domain/run.ts';
import { isDue, type RunRequest, submitDue, submitLater, submitWaiting } from '../../domain/run-decisions.ts';
import { arm } from '../alarms/arm.ts';
import type { FindCredit } from '../dispatch/find-credit.ts';
import type { OfferRun } from '../dispatch/offer-run.ts';
import { pickShard } from '../dispatch/pick-shard.ts';
import type { Push } from '../dispatch/push.ts';
import type { Ports } from '../ports/index.ts';

/** `exists`: a run has this id already. It was left as it is. */
export type RunCreation = { readonly kind: 'created' | 'exists'; readonly run: Run };

/** @param payload where the caller has it at hand and it is not part of the request: the first push needs no read then */
export type CreateRun = (request: RunRequest, payload?: string) => Promise<RunCreation>;

type Tools = { readonly findCredit: FindCredit; readonly push: Push; readonly offerRun: OfferRun };

/** A voided creation is tried again once: its alarm was 90 s late or this process was frozen for as long. */
const CREATIONS = 2;

/**
 * Creates a run under the id that its caller chose. Due now: with credit at hand it is born `dispatched` and pushed in the
 * same breath (rule D1), else it waits in the ready index (rule D3). Due later: an alarm brings it back.
 */
export const createCreateRun = (ports: Ports, tools: Tools): CreateRun => {
  const { runs, sessions, settings, now, chance } = ports;

  /** Arms, then creates (rule A1). A void row means that the alarm gave up first: once more with a new one (rule A5). */
  const armAndCreate = async (build: () => Run): Promise<RunCreation> => {
    for (let creation = 0; creation < CREATIONS; creation += 1) {
      const run = build();
      const nonce = await arm(ports, { kind: 'run', id: run.id }, run.g, run.wakeAt);
      const created = await runs.create(run, nonce);
      if (created.kind !== 'voided') {
        return created.kind === 'created' ? { kind: 'created', run } : created;
      }
    }
    throw new Error('The run was not created: its alarm gave up twice before the row was written');
  };

  const createNow = async (request: RunRequest, payload: string | undefined): Promise<RunCreation> => {
    const atHand = payload === undefined ? {} : { payload };
    // The cheap reading: credit that is gone fails its condition, credit that it misses is found by the second look.
    const credit = await tools.findCredit(request, 'two', 'eventual');
    if (credit !== undefined) {
      const outcome = await armAndCreate(() => submitDue(request, credit.grant, now()));
      if (outcome.kind === 'created') {
        await tools.push(credit.session, [{ run: outcome.run, ...atHand }]);
      } else {
        await sessions.giveBack(credit.session, 1);
      }
      return outcome;
    }
    const readyShard = pickShard(settings.shards(request.pool).ready, chance);
    const outcome = await armAndCreate(() => submitWaiting(request, readyShard, now()));
    if (outcome.kind === 'created') {
      const { run } = outcome;
      // Write, then look (rule D3): a slot that was reported between our first look and the write is found here.
      await tools.offerRun({ ...run, readyAt: run.createdAt }, { scope: 'two', reading: 'consistent', ...atHand });
    }
    return outcome;
  };

  // A run that is created after its last start (a crash kept it from being created in time) is left to its alarm (rule R8), and
  // so is one that nobody executes (rule T8).
  return (request, payload) =>
    isDue(request.executeAt, now()) &&
    !missesStart({ ...request, tries: 0 }, now()) &&
    waitsUntil(request) === undefined
      ? createNow(request, payload)
      : armAndCreate(() => submitLater(request, now()));
};
