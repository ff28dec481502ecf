import type { RunStatus } from '../../../lib/domain/run.ts';
import { isYounger } from '../account/sessions.ts';
import type { World } from '../world.ts';

const SILENCE_MS = 45_000;
const DAY_MS = 24 * 60 * 60_000;
const FINAL: readonly (RunStatus | undefined)[] = ['succeeded', 'failed', 'timed_out', 'cancelled'];

export const statusOf = ({ client, ledger }: World, label: string): RunStatus | undefined => {
  const [id] = client.idsOf(label);
  return id === undefined ? undefined : ledger.runs.get(id)?.status;
};

/** Some attempt of it has begun. */
export const hasBegun = ({ client, ledger }: World, label: string): boolean =>
  [...client.idsOf(label)].some((id) => {
    const attempt = ledger.runs.get(id)?.attempt ?? 0;
    return ledger.executionsOf(id, attempt).length > 0;
  });

/** All of them are over. A client that was never answered does not know its run, and does not wait for it. */
export const areOver = (world: World, labels: readonly string[]): boolean =>
  labels.every((label) => world.client.idsOf(label).size === 0 || FINAL.includes(statusOf(world, label)));

/** Every run that there is, asked for by whomever. */
export const allAreOver = ({ ledger }: World): boolean =>
  [...ledger.runs.values()].every(({ status }) => FINAL.includes(status));

/**
 * How it must have ended when no more than one fault struck, none that harms a worker, and no session was replaced: a lost
 * greeting costs the session that it was for, and what was pushed to it meanwhile a try.
 */
export const mustEnd = (
  world: World,
  gentle: boolean,
  label: string,
  statuses: readonly RunStatus[],
  tries: number,
): void => {
  const { client, ledger, fleet } = world;
  for (const id of client.idsOf(label)) {
    const run = ledger.runs.get(id);
    ledger.must(
      !gentle ||
        world.sessionsMade() > fleet.plans.size ||
        (run !== undefined && statuses.includes(run.status) && run.tries === tries),
      'tries_bounded',
      () =>
        `${label} (run ${id}) is ${run?.status} after ${run?.tries} tries, and should be ${statuses.join(' or ')} after ${tries}`,
    );
  }
};

/** Without faults every run begins within a tenth of a second of its instant: on a worker's clock, by chance of its offset. */
const PUNCTUAL_MS = 100;

export const mustBePunctual = ({ ledger, faults, client }: World, label: string): void => {
  for (const id of client.idsOf(label)) {
    const run = ledger.runs.get(id);
    const [first] = ledger.executionsOf(id, 1);
    ledger.must(
      faults.struck().length > 0 || (first !== undefined && first.beganAt - (run?.executeAt ?? 0) <= PUNCTUAL_MS),
      'on_time',
      () => `${label} (run ${id}) began ${(first?.beganAt ?? Number.NaN) - (run?.executeAt ?? 0)} ms late`,
    );
  }
};

/** A worker that is told of a cancel stops its handler, which takes 300 ms. */
const STOPPED_MS = 1_000;

/** Without faults what was cancelled while it ran has stopped soon after. */
export const mustStop = ({ ledger, faults, client }: World, label: string): void => {
  for (const id of client.idsOf(label)) {
    const run = ledger.runs.get(id);
    const [last] = ledger.executionsOf(id, run?.attempt ?? 0);
    const lateMs = (last?.endedAt ?? 0) - (run?.endedAt ?? 0);
    ledger.must(
      faults.struck().length > 0 || run?.status !== 'cancelled' || lateMs <= STOPPED_MS,
      'cancel_heeded',
      () => `${label} (run ${id}) ran on for ${lateMs} ms after it was cancelled`,
    );
  }
};

/** With no more than one fault that harms no worker, what was executed was delivered. */
export const mustBeDelivered = ({ ledger, client }: World, gentle: boolean, label: string): void => {
  for (const id of client.idsOf(label)) {
    for (const { attempt, outcome } of ledger.runs.get(id)?.history ?? []) {
      ledger.must(
        !gentle || outcome !== 'undelivered' || ledger.executionsOf(id, attempt).length === 0,
        'one_valid_attempt',
        () => `attempt ${attempt} of run ${id} is said to be undelivered, and was executed`,
      );
    }
  }
};

/** In a story in which nobody says goodbye, only its silence for 45 s ends a session, or another one of its worker. */
export const watchLosses = ({ ledger, timeline, until }: World, within: () => boolean): void => {
  void until(() => {
    for (const { st, id, name, hbAt } of ledger.sessions.values()) {
      const successors = [...ledger.sessions.values()].filter((one) => one.name === name && isYounger(one.id, id));
      ledger.must(
        st === 'up' || timeline.now() - hbAt >= SILENCE_MS || successors.length > 0,
        'session_kept',
        () => `session ${id} was ended ${timeline.now() - hbAt} ms after its worker was heard`,
      );
    }
    return !within();
  }, DAY_MS);
};
