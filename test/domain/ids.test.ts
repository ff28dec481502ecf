import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  compareRunIds,
  FIRST_INSTANT_MS,
  isPlainId,
  isRunId,
  keptFor,
  LISTED_FAMILIES,
  makeJobRunId,
  makeRunId,
  makeStepRunId,
  parseJobRunId,
  parseStepRunId,
  RUN_FAMILIES,
  RUN_SHARDS,
  runFamily,
  runIdOfOrder,
  runOrder,
  runShard,
} from '../../lib/domain/ids.ts';
import { chances, holds } from '../support/properties.ts';

/** The largest draw below 1. */
const ALMOST_ONE = 1 - Number.EPSILON / 2;
const NOON = Date.UTC(2030, 5, 1, 12);
/** From the first id to the last that 53 bits hold. */
const instants = fc.integer({ min: Date.UTC(2024, 0, 1) + 1, max: Date.UTC(2093, 0, 1) });

describe('run ids', () => {
  it('are canonical numbers that survive JSON', () => {
    holds(
      fc.property(instants, chances, (now, chance) => {
        const id = makeRunId(now, chance);
        expect(isRunId(id)).toBe(true);
        expect(String(JSON.parse(JSON.stringify(Number(id))))).toBe(id);
      }),
    );
  });

  it('are ordered by the moment of their creation, whatever is drawn', () => {
    holds(
      fc.property(instants, chances, chances, (now, early, late) => {
        expect(Number(makeRunId(now, early))).toBeLessThan(Number(makeRunId(now + 1, late)));
      }),
    );
  });

  it.each([
    ['the first millisecond, the least draw', Date.UTC(2024, 0, 1) + 1, 0, '4096'],
    ['the first millisecond, the greatest draw', Date.UTC(2024, 0, 1) + 1, ALMOST_ONE, '8191'],
    ['the second millisecond, the least draw', Date.UTC(2024, 0, 1) + 2, 0, '8192'],
  ])('are milliseconds since 2024, then 12 bits of chance: %s', (_case, now, chance, id) => {
    expect(makeRunId(now, chance)).toBe(id);
  });

  it('name their shard, and use all of them evenly', () => {
    const now = Date.UTC(2026, 5, 1);
    const counts = new Map<number, number>();
    for (let draw = 0; draw < 4_096; draw += 1) {
      const shard = runShard(makeRunId(now, draw / 4_096));
      counts.set(shard, (counts.get(shard) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: RUN_SHARDS }, (_, shard) => shard));
    expect(new Set(counts.values())).toEqual(new Set([4_096 / RUN_SHARDS]));
  });

  it.each([
    ['1', true],
    ['9007199254740991', true],
    ['9007199254740992', false],
    ['9999999999999999', false],
    ['90071992547409910', false],
    ['0', false],
    ['01', false],
    ['-1', false],
    ['+1', false],
    ['1.0', false],
    ['1e3', false],
    ['0x10', false],
    [' 1', false],
    ['1\n', false],
    ['१', false],
    ['', false],
    ['abc', false],
  ])('%j: a run id? %s', (text, expected) => {
    expect(isRunId(text)).toBe(expected);
    expect(isPlainId(text)).toBe(expected);
  });
});

const plain = fc.tuple(instants, chances).map(([now, chance]) => makeRunId(now, chance));
const jobRuns = fc.record(
  { job: plain, instant: instants, index: fc.integer({ min: 0, max: 999 }) },
  { requiredKeys: ['job', 'instant'] },
);

describe('the id of a run of a job', () => {
  it('says which job, which instant and which place in a broadcast', () => {
    expect(makeJobRunId({ job: '42', instant: NOON })).toBe(`42.${NOON}`);
    expect(makeJobRunId({ job: '42', instant: NOON, index: 7 })).toBe(`42.${NOON}.7`);
    expect(parseJobRunId(`42.${FIRST_INSTANT_MS}`)).toEqual({ job: '42', instant: FIRST_INSTANT_MS });
    expect([runFamily('42'), runFamily(`42.${NOON}`)]).toEqual(['plain', 'job']);
    holds(
      fc.property(jobRuns, (named) => {
        const id = makeJobRunId(named);
        expect(parseJobRunId(id)).toEqual(named);
        expect([isRunId(id), isPlainId(id), runFamily(id)]).toEqual([true, false, 'job']);
      }),
    );
  });

  it('shares its shard with every run of the job', () => {
    holds(
      fc.property(jobRuns, (named) => {
        expect(runShard(makeJobRunId(named))).toBe(runShard(named.job));
      }),
    );
  });

  it.each([
    '42.',
    `.${NOON}`,
    `0.${NOON}`,
    `042.${NOON}`,
    `9007199254740992.${NOON}`,
    `42.0${NOON}`,
    `42.${NOON}.`,
    `42.${NOON}.01`,
    `42.${NOON}.1000`,
    `42.${NOON}.1.1`,
    `42.${NOON}.${NOON}`,
    `42.${NOON}\n`,
    `42.${FIRST_INSTANT_MS - 1}`,
    '42.1700',
    `42.${NOON}.5e1`,
  ])('is never %j', (text) => {
    expect(parseJobRunId(text)).toBeUndefined();
    expect(isRunId(text)).toBe(false);
  });
});

const stepRuns = fc.record({
  saga: plain,
  step: fc.stringMatching(/^[A-Za-z0-9_-]{1,50}$/),
  undo: fc.boolean(),
  n: fc.integer({ min: 1, max: 999_999 }),
});

describe('the id of a run of a step', () => {
  it('says which saga, which step, whether it undoes, and which of its runs it is', () => {
    expect(makeStepRunId({ saga: '42', step: 'pay', undo: false, n: 1 })).toBe('42~pay~1');
    expect(makeStepRunId({ saga: '42', step: 'pay', undo: true, n: 2 })).toBe('42~pay~c2');
    holds(
      fc.property(stepRuns, (named) => {
        const id = makeStepRunId(named);
        expect(parseStepRunId(id)).toEqual(named);
        expect(runFamily(id)).toBe('step');
        expect(runIdOfOrder(runOrder(id))).toBe(id);
      }),
    );
  });

  it('is no id that a person names on its own, and no list has its family', () => {
    holds(
      fc.property(stepRuns, (named) => {
        expect([isRunId(makeStepRunId(named)), isPlainId(makeStepRunId(named))]).toEqual([false, false]);
      }),
    );
    expect(LISTED_FAMILIES).toEqual(RUN_FAMILIES.filter((family) => family !== 'step'));
  });

  it.each([
    '42~pay',
    '42~pay~0',
    '42~pay~01',
    '42~pay~c',
    '42~pay~c0',
    '42~pay~1~1',
    '42~~1',
    '~pay~1',
    '042~pay~1',
    '9007199254740992~pay~1',
    '42~p.y~1',
    `42~${'p'.repeat(51)}~1`,
    '42~pay~1\n',
    '42~pay~1000000',
  ])('is never %j', (text) => {
    expect(parseStepRunId(text)).toBeUndefined();
  });

  it('keeps its run 90 days longer than others', () => {
    const day = 86_400_000;
    expect(keptFor('42~pay~1', 30 * day)).toBe(120 * day);
    expect(keptFor('42', 30 * day)).toBe(30 * day);
    expect(keptFor(`42.${NOON}`, 30 * day)).toBe(30 * day);
  });
});

describe('the order of runs', () => {
  const ids = fc.oneof(plain, jobRuns.map(makeJobRunId), stepRuns.map(makeStepRunId));
  const createdAt = (id: string): number => {
    const ofJob = parseJobRunId(id);
    const number = parseStepRunId(id)?.saga ?? id;
    return ofJob === undefined ? FIRST_INSTANT_MS + Math.floor(Number(number) / 4_096) : ofJob.instant;
  };

  it('is a text that gives back the id', () => {
    holds(
      fc.property(ids, (id) => {
        expect(runIdOfOrder(runOrder(id))).toBe(id);
      }),
    );
    expect(runIdOfOrder(runOrder('16'))).toBe('16');
  });

  it('is that of creation, of every family', () => {
    holds(
      fc.property(ids, ids, (a, b) => {
        if (createdAt(a) !== createdAt(b)) {
          expect(compareRunIds(a, b)).toBe(createdAt(a) < createdAt(b) ? -1 : 1);
        }
        expect(compareRunIds(a, b)).toBe(a === b ? 0 : -compareRunIds(b, a));
      }),
    );
  });

  it('knows a run from itself', () => {
    expect(compareRunIds('42', '42')).toBe(0);
    expect([compareRunIds('42', '43'), compareRunIds('43', '42')]).toEqual([-1, 1]);
  });

  it('puts the runs of a broadcast side by side, by their places', () => {
    const broadcast = [9, 10, 0, 100].map((index) => makeJobRunId({ job: '42', instant: NOON, index }));
    const sorted = [0, 9, 10, 100].map((index) => makeJobRunId({ job: '42', instant: NOON, index }));
    expect(broadcast.toSorted(compareRunIds)).toEqual(sorted);
  });
});
