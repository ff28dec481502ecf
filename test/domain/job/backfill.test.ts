import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeJobRunId } from '../../../lib/domain/ids.ts';
import {
  advanceBackfill,
  BACKFILL_LOOK_MS,
  backfillRequest,
  candidatesOf,
  fillable,
  isStep,
  occurrencesToFill,
  type Progress,
} from '../../../lib/domain/job/backfill.ts';
import { holds } from '../../support/properties.ts';
import { NOW } from '../../support/rows.ts';
import { aJob, aSchedule, DAY_MS, MINUTE_MS } from './a-job.ts';

const at = (minutes: number): number => NOW - minutes * MINUTE_MS;
const aBackfill = (fields: Partial<Progress> = {}): Progress => ({
  ...{
    from: at(10),
    to: NOW,
    parallel: 2,
    state: 'running',
    next: at(10),
    created: 0,
    open: [],
    version: 1,
    wakeAt: 0,
  },
  ...fields,
});
const idAt = (instant: number): string => makeJobRunId({ job: aJob().id, instant });

describe('what a backfill may fill', () => {
  it("is past, and not the chain's own", () => {
    expect(fillable(aJob(), { from: at(5), to: NOW + DAY_MS }, NOW)).toEqual({ from: at(5), to: NOW });
    expect(fillable(aJob({ next: at(2) }), { from: at(5), to: NOW }, NOW)).toEqual({ from: at(5), to: at(2) });
    expect(fillable(aJob(), { from: 0, to: NOW }, NOW).from).toBe(Date.UTC(2024, 0, 1));
  });

  it('reaches further back than the schedule, where its beat does not hang on its beginning', () => {
    const range = { from: at(3), to: NOW };
    expect(occurrencesToFill(aSchedule({ startAt: NOW }), range, 10)).toEqual([at(3), at(2), at(1)]);
    expect(occurrencesToFill(aSchedule({ expression: '@every 60s', startAt: NOW }), range, 10)).toEqual([]);
    expect(occurrencesToFill(aSchedule(), { from: NOW, to: NOW }, 10)).toEqual([]);
  });

  it('becomes runs that are due now and tagged', () => {
    const request = backfillRequest(aJob(), { n: at(9), backfill: '77' }, NOW);
    expect(request).toMatchObject({ id: idAt(at(9)), executeAt: NOW, trigger: 'backfill', backfill: '77', spec: 1 });
    expect(request).not.toHaveProperty('startBy');
  });
});

describe('a look at a backfill', () => {
  it('names the runs that it creates, as many as there is room for', () => {
    const { after, create } = advanceBackfill(
      aBackfill({ open: [idAt(at(30))], parallel: 3 }),
      aJob().id,
      { ended: new Set(), candidates: [at(10), at(9), at(8), at(7)], hasRun: new Set([at(9)]) },
      NOW,
    );
    expect(create).toEqual([at(10), at(8)]);
    expect(after).toMatchObject({
      open: [idAt(at(30)), idAt(at(10)), idAt(at(8))],
      next: at(7),
      created: 2,
      version: 2,
    });
    expect(after.wakeAt).toBe(NOW + BACKFILL_LOOK_MS);
  });

  it('goes on at once while it only passes over what has run', () => {
    const seen = { ended: new Set<string>(), candidates: [at(10), at(9)], hasRun: new Set([at(10), at(9)]) };
    const { after, create } = advanceBackfill(aBackfill(), aJob().id, seen, NOW);
    expect(create).toEqual([]);
    expect(after).toMatchObject({ next: at(9) + 1, wakeAt: NOW });
  });

  it('that finds nothing new writes nothing', () => {
    const row = aBackfill({ open: [idAt(at(1))] });
    const { next: _, ...last } = row;
    const seen = { ended: new Set<string>(), candidates: [], hasRun: new Set<number>() };
    expect(isStep(last, advanceBackfill(last, aJob().id, seen, NOW).after)).toBe(false);
    const { after } = advanceBackfill(last, aJob().id, { ...seen, ended: new Set(row.open) }, NOW);
    expect(isStep(last, after)).toBe(true);
    expect(after).toMatchObject({ state: 'done', open: [] });
  });

  it('again and again fills each occurrence once, never more at a time than allowed', () => {
    holds(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 7 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 200 })),
        fc.infiniteStream(fc.boolean()),
        (minutes, parallel, ran, ends) => {
          const job = aJob();
          const hasRun = new Set(ran.map(at));
          const all = occurrencesToFill(aSchedule(), { from: at(minutes), to: NOW }, 1_000);
          let row = aBackfill({ from: at(minutes), next: at(minutes), parallel });
          const created: number[] = [];
          for (let look = 0; row.state === 'running'; look += 1) {
            expect(look).toBeLessThan(5_000);
            const ended = new Set(row.open.filter(() => ends.next().value === true));
            const candidates = row.open.length - ended.size < parallel ? candidatesOf(row, job.schedule) : undefined;
            if (candidates !== undefined) {
              const step = advanceBackfill(row, job.id, { ended, candidates, hasRun }, NOW);
              created.push(...step.create);
              row = step.after;
            }
            expect(row.open.length).toBeLessThanOrEqual(parallel);
          }
          expect(created).toEqual(all.filter((n) => !hasRun.has(n)));
          expect(row).toMatchObject({ created: created.length, open: [] });
        },
      ),
    );
  });
});
