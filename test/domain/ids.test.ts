import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isRunId, makeRunId, RUN_SHARDS, runShard } from '../../lib/domain/ids.ts';
import { chances, holds } from '../support/properties.ts';

/** The largest draw below 1. */
const ALMOST_ONE = 1 - Number.EPSILON / 2;
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
  });
});
