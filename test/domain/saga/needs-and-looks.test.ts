import { describe, expect, it } from 'vitest';
import { nextLook } from '../../../lib/domain/saga/looks.ts';
import { outputsNeeded, unsettled } from '../../../lib/domain/saga/needs.ts';
import { flowOf, step, undo, work } from './flows.ts';
import { storyOf } from './story.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

describe('what has to be read', () => {
  const steps = [
    step('a', [], { compensate: undo({ id: '$.a.output.n' }) }),
    step('b', [], {}),
    step('c', ['a'], { ...work('no_retry'), config: { id: '$.a.output.n' } }),
    step('d', ['b', 'c'], { config: { id: '$.b.output.n' } }),
  ];

  it('are the runs that are not settled', () => {
    const story = storyOf(flowOf(steps));
    const ids = () => unsettled(story.world.saga).map((id) => id.slice(id.indexOf('~') + 1));
    expect(ids()).toEqual(['a~1', 'b~1']);
    story.ends('a');
    expect(ids()).toEqual(['b~1', 'c~1']);
    story.ends('c', 'failed');
    expect(ids()).toEqual(['a~c1', 'b~1']);
  });

  it('are outputs that what may begin now refers to, and no others', () => {
    const story = storyOf(flowOf(steps));
    const { flow, saga } = story.world;
    expect(outputsNeeded(flow, saga, new Map(), false)).toEqual([]);
    const id = `${saga.no}~a~1`;
    const ended = new Map([[id, { id, status: 'succeeded', attempt: 1, tries: 0 } as const]]);
    expect(outputsNeeded(flow, saga, ended, false)).toEqual(['a']);
  });
});

describe('the next look', () => {
  const saga = { status: 'running', updatedAt: 0, steps: {} } as const;
  const run = (status: 'scheduled' | 'running', dueAt: number) => ({ status, dueAt });

  it.each([
    ['soon after something has happened', 1_000, [run('running', 0)], 21_000],
    ['after as long again as nothing has', 5 * MINUTE, [run('running', 0)], 10 * MINUTE],
    ['within 15 minutes while something runs', DAY, [run('running', 0)], DAY + 15 * MINUTE],
    ['within 15 minutes while something is due soon', DAY, [run('scheduled', DAY + MINUTE)], DAY + 15 * MINUTE],
    ['later where all waits for long', DAY, [run('scheduled', 30 * DAY)], 2 * DAY],
    ['within 60 days', 100 * DAY, [run('scheduled', 300 * DAY)], 160 * DAY],
  ])('comes %s', (_when, now, runs, expected) => {
    expect(nextLook(saga, runs, now)).toBe(expected);
  });

  it('comes in 60 days where a person has to act', () => {
    expect(nextLook({ ...saga, status: 'failed' }, [], 1_000)).toBe(1_000 + 60 * DAY);
  });

  it('comes when a person wants a step tried again, where nothing else is due until long after', () => {
    const held = { ...saga, steps: { sub: { status: 'running', runs: 2, startAt: 100 * DAY + MINUTE } } } as const;
    const waits = [run('scheduled', 130 * DAY)];
    expect(nextLook(held, waits, 100 * DAY)).toBe(100 * DAY + MINUTE);
    expect(nextLook(held, waits, 101 * DAY)).toBeGreaterThan(110 * DAY);
  });

  it('comes within 15 minutes while evidence is waited for', () => {
    const stopping = { status: 'cancelled', evidence: { state: 'pending' }, dueAt: 9 * DAY } as const;
    expect(nextLook(saga, [stopping], DAY)).toBe(DAY + 15 * MINUTE);
  });
});
