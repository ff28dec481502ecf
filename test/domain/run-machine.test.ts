import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ATTEMPT_FIELDS,
  isInFlight,
  isRunOpen,
  isTerminal,
  RUN_STATUSES,
  type RunStatus,
  TRANSITIONS,
  triesBegun,
} from '../../lib/domain/run.ts';
import { LONGEST_LOOK_MS } from '../../lib/domain/timing.ts';
import { type Moment, take, walks } from './run-walk.ts';

/** Checks what must hold in every moment of every walk. */
const alwaysHolds = (check: (moment: Moment) => void): Promise<void> =>
  fc.assert(
    fc.asyncProperty(walks, (walk) => take(walk, check)),
    { numRuns: 300 },
  );

describe('whatever happens to a run', () => {
  it('its attempt only grows, by one at each claim (R1)', () =>
    alwaysHolds(({ before, run, by }) => {
      const claimed = by !== undefined && TRANSITIONS[by.change.transition].to === 'dispatched';
      expect(run.attempt).toBe((before?.attempt ?? run.attempt) + (claimed ? 1 : 0));
    }));

  it('its tries only grow, never beyond the most it may have', () =>
    alwaysHolds(({ before, run }) => {
      expect(run.tries).toBeGreaterThanOrEqual(before?.tries ?? 0);
      expect(run.tries).toBeLessThanOrEqual(run.maxTries);
      expect(triesBegun(run)).toBeLessThanOrEqual(Math.min(run.maxTries, run.attempt));
    }));

  it('it makes no transition that the table does not have', () =>
    alwaysHolds(({ before, run, by }) => {
      if (by === undefined) {
        expect(run.status).toBe(before?.status ?? run.status);
      } else {
        const { from, to } = TRANSITIONS[by.change.transition];
        expect(from).toContain(before?.status);
        expect(run.status).toBe(to);
      }
    }));

  it('terminal is final, and its evidence is filled in once', () =>
    alwaysHolds(({ before, run }) => {
      if (before !== undefined && isTerminal(before.status)) {
        expect(run).toMatchObject({ status: before.status, endedAt: before.endedAt });
        if (before.evidence?.state !== 'pending') {
          expect(run.evidence).toEqual(before.evidence);
        }
      }
    }));

  it('while it is open a live alarm of its generation comes in time (A1)', () =>
    alwaysHolds(({ now, run, looks }) => {
      if (isRunOpen(run)) {
        expect(Math.min(...looks)).toBeLessThanOrEqual(Math.max(run.wakeAt, now + LONGEST_LOOK_MS));
      }
    }));

  it('a change that needs an earlier look than the live alarm’s arms one first (A1)', () =>
    alwaysHolds(({ run, looks, by }) => {
      if (by !== undefined && !by.alarm && by.change.set.wakeAt !== undefined) {
        expect(Math.min(...looks)).toBeLessThanOrEqual(run.wakeAt);
      }
    }));

  it('until its first attempt it is looked at no later than when that is too late (R8)', () =>
    alwaysHolds(({ now, run, looks }) => {
      const waits = run.status === 'scheduled' || run.status === 'ready';
      if (waits && run.tries === 0 && run.startBy !== undefined) {
        expect(Math.min(...looks)).toBeLessThanOrEqual(Math.max(run.startBy, now));
      }
    }));

  it('nothing that waited too long for its first attempt is claimed (R8)', () =>
    alwaysHolds(({ now, run, by }) => {
      if (by?.change.transition === 'claim' && run.tries === 0 && run.startBy !== undefined) {
        expect(now).toBeLessThan(run.startBy);
      }
    }));

  it('its generation and its fence only grow', () =>
    alwaysHolds(({ before, run }) => {
      expect(run.g).toBeGreaterThanOrEqual(before?.g ?? 1);
      expect(run.fence).toBeGreaterThanOrEqual(before?.fence ?? 0);
    }));

  it('its history stays bounded', () =>
    alwaysHolds(({ run }) => {
      expect(run.history.length).toBeLessThanOrEqual(20);
    }));

  it('nothing of an earlier attempt is left when it waits for the next', () =>
    alwaysHolds(({ run }) => {
      if (run.status === 'scheduled' || run.status === 'ready') {
        expect(ATTEMPT_FIELDS.filter((field) => run[field] !== undefined)).toEqual([]);
      }
    }));

  it('it carries what its status needs, and not what it does not', () =>
    alwaysHolds(({ run }) => {
      const { status } = run;
      expect(run.readyShard !== undefined && run.readyAt !== undefined).toBe(status === 'ready');
      expect(run.endedAt !== undefined && run.expiresAt !== undefined).toBe(isTerminal(status));
      expect(run.evidence === undefined || status === 'cancelled').toBe(true);
      if (isInFlight(status)) {
        expect(run.session).toBeDefined();
        expect(run.dispatchedAt).toBeDefined();
      }
      if (isTerminal(status) && !isRunOpen(run)) {
        expect(run.session).toBeUndefined();
      }
    }));
});

it('the walks reach every status and use every transition', async () => {
  const statuses = new Set<RunStatus>();
  const used = new Set<string>();
  for (const walk of fc.sample(walks, { seed: 1, numRuns: 300 })) {
    used.add(walk.submit);
    await take(walk, ({ run, by }) => {
      statuses.add(run.status);
      if (by !== undefined) {
        used.add(by.change.transition);
      }
    });
  }
  expect(statuses).toEqual(new Set(RUN_STATUSES));
  expect(used).toEqual(new Set(Object.keys(TRANSITIONS)));
});
