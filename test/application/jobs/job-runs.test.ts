import { describe, expect, it } from 'vitest';
import { createMemoryRunStore } from '../../../lib/adapters/memory/runs.ts';
import { createJobRuns } from '../../../lib/application/jobs/job-runs.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { aJob, HOUR_MS, MINUTE_MS } from '../../domain/job/a-job.ts';
import { NOW, runIn } from '../../support/rows.ts';

const ID = aJob().id;
const withRuns = async (rows: readonly Run[]) => {
  const runs = createMemoryRunStore(
    () => undefined,
    () => undefined,
  );
  for (const run of rows) {
    await runs.create(run, 'nonce');
  }
  return createJobRuns({ runs, now: () => NOW });
};
const run = (status: Run['status'], instant: number, index?: number): Run =>
  runIn(status, { id: index === undefined ? `${ID}.${instant}` : `${ID}.${instant}.${index}`, job: ID });

describe('the fire before has ended (J4)', () => {
  const last = `${ID}.${NOW - MINUTE_MS}`;
  const recent = { last, lastFiredAt: NOW - MINUTE_MS };

  it.each([
    ['there was none', {}, [], true],
    ['its run goes on', recent, [run('running', NOW - MINUTE_MS)], false],
    ['its run has ended', recent, [run('failed', NOW - MINUTE_MS)], true],
    ['its run is about to be created (H29)', recent, [], false],
    ['its run has come and gone', { last, lastFiredAt: NOW - HOUR_MS }, [], true],
    [
      'one of its broadcast goes on',
      { ...recent, last: `${last}.1` },
      [run('succeeded', NOW - MINUTE_MS, 0), run('ready', NOW - MINUTE_MS, 1)],
      false,
    ],
    [
      'all of its broadcast have ended',
      { ...recent, last: `${last}.1` },
      [run('succeeded', NOW - MINUTE_MS, 0), run('failed', NOW - MINUTE_MS, 1)],
      true,
    ],
  ] as const)('%s', async (_case, fields, rows, ended) => {
    const jobRuns = await withRuns(rows);
    expect(await jobRuns.lastEnded(aJob(fields), [])).toBe(ended);
  });

  it('takes the word of whoever has just read it', async () => {
    const jobRuns = await withRuns([run('running', NOW - MINUTE_MS)]);
    expect(await jobRuns.lastEnded(aJob(recent), [run('succeeded', NOW - MINUTE_MS)])).toBe(true);
  });
});

describe('the runs of a range', () => {
  it('are those of the job, from its beginning up to its end', async () => {
    const instants = Array.from({ length: 2_500 }, (_, at) => NOW + at * 1_000);
    const jobRuns = await withRuns(instants.map((n) => run('ready', n)));
    expect(await jobRuns.idsBetween(ID, NOW + 1_000, NOW + 2_300_000)).toEqual(
      instants
        .slice(1, 2_300)
        .map((n) => `${ID}.${n}`)
        .toReversed(),
    );
    expect(await jobRuns.idsBetween(ID, NOW - 5_000, NOW)).toEqual([]);
    expect(await jobRuns.getMany([`${ID}.${NOW}`, `${ID}.${NOW - 1}`])).toHaveLength(1);
  });

  it('finds a run at an instant, of a broadcast its first', async () => {
    const jobRuns = await withRuns([run('ready', NOW, 0), run('ready', NOW + 1)]);
    expect((await jobRuns.atInstant(ID, NOW))?.id).toBe(`${ID}.${NOW}.0`);
    expect((await jobRuns.atInstant(ID, NOW + 1))?.id).toBe(`${ID}.${NOW + 1}`);
    expect(await jobRuns.atInstant(ID, NOW + 2)).toBeUndefined();
  });
});
