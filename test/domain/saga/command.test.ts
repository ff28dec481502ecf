import { describe, expect, it } from 'vitest';
import { flowOf, step, undo, work } from './flows.ts';
import * as world from './saga-world.ts';
import { type Story, storyOf } from './story.ts';

const undoable = { compensate: undo() };
const noRetry = work('no_retry');
const by = 'ann';

const handlings = (story: Story) =>
  [...story.world.exceptions.values()].map(({ step, handled }) => [step, handled?.as]);

describe('retrying a transaction', () => {
  it('begins what failed anew, with its kept parameters, and then what was kept from beginning', () => {
    const story = storyOf(flowOf([step('a'), step('b'), step('c', ['a', 'b'])]));
    story.ends('b');
    story.ends('a', 'failed');
    story.says({ kind: 'retry', by });
    expect(story.world.saga.status).toBe('running');
    expect(story.open()).toEqual(['a~2']);
    story.ends('a');
    expect(handlings(story)).toEqual([['a', 'retried']]);
    story.ends('c');
    expect(story.world.saga.status).toBe('succeeded');
  });

  it('opens the same exception again where it fails again', () => {
    const story = storyOf(flowOf([step('a')]));
    story.ends('a', 'failed');
    const { id } = story.exceptionOf('a');
    story.says({ kind: 'retry', by });
    expect(story.exceptionOf('a').retryAt).toBe(story.world.now);
    story.ends('a', 'timed_out');
    expect(story.exceptionOf('a')).toMatchObject({ id, reason: 'timed_out', tries: 2 });
    expect(story.exceptionOf('a').retryAt).toBeUndefined();
  });

  it('is refused while it runs, and when it has ended', () => {
    const story = storyOf(flowOf([step('a')]));
    expect(story.refuses({ kind: 'retry', by })).toBe('not_failed');
    story.ends('a');
    expect(story.refuses({ kind: 'retry', by })).toBe('not_failed');
  });

  it('tries the undos that failed again', () => {
    const story = storyOf(flowOf([step('a', [], undoable), step('b', ['a'], noRetry)]));
    story.ends('a');
    story.ends('b', 'failed');
    story.ends('a', 'failed', 'undo');
    story.says({ kind: 'retry', by });
    expect(story.open()).toEqual(['a~c2']);
    story.ends('a', 'succeeded', 'undo');
    expect(story.world.saga.status).toBe('compensated');
  });
});

describe('cancelling a transaction', () => {
  it('undoes what was done, and ends as compensated', () => {
    const story = storyOf(flowOf([step('a', [], undoable), step('b', ['a'])]));
    story.ends('a');
    story.says({ kind: 'cancel', by, leave: false });
    story.stops('b');
    story.ends('a', 'succeeded', 'undo');
    expect(story.world.saga).toMatchObject({ status: 'compensated', cancelled: true });
  });

  it('ends as cancelled where there was nothing to undo', () => {
    const story = storyOf(flowOf([step('a'), step('b', ['a'])]));
    story.ends('a', 'failed');
    story.says({ kind: 'cancel', by, leave: false });
    expect(story.world.saga.status).toBe('cancelled');
    expect(handlings(story)).toEqual([['a', 'cancelled']]);
  });

  it('waits for the evidence of what was stopped before it undoes anything', () => {
    const story = storyOf(flowOf([step('a', [], undoable)]));
    story.begins('a');
    story.says({ kind: 'cancel', by, leave: false });
    world.look(story.world, 'carried_out');
    expect(story.world.saga.status).toBe('compensating');
    expect(story.open()).toEqual([]);
    story.stops('a');
    expect(story.open()).toEqual(['a~c1']);
  });

  it('undoes nothing where all is to be left as it is, and does not wait for evidence', () => {
    const story = storyOf(flowOf([step('a', [], undoable), step('b', ['a'])]));
    story.ends('a');
    story.begins('b');
    story.says({ kind: 'cancel', by, leave: true });
    expect(story.world.saga.status).toBe('running');
    expect(story.refuses({ kind: 'cancel', by, leave: true })).toBe('being_cancelled');
    expect(story.refuses({ kind: 'retry', by })).toBe('being_cancelled');
    world.look(story.world, 'carried_out');
    expect(story.world.saga.status).toBe('cancelled');
    expect(story.state('a').undo).toBeUndefined();
  });

  it('may be asked twice', () => {
    const story = storyOf(flowOf([step('a', [], undoable), step('b', ['a'])]));
    story.ends('a');
    story.begins('b');
    story.says({ kind: 'cancel', by, leave: false });
    const { version } = story.world.saga;
    story.says({ kind: 'cancel', by, leave: false });
    expect(story.world.saga.version).toBe(version);
  });

  it.each(['failed', 'succeeded'] as const)('is refused while a pivot runs, and after it has %s or may have', (how) => {
    const story = storyOf(flowOf([step('p', [], { pivot: true }), step('b', ['p'])]));
    expect(story.refuses({ kind: 'cancel', by, leave: false })).toBe('past_pivot');
    story.ends('p', how === 'failed' ? 'timed_out' : how);
    expect(story.refuses({ kind: 'cancel', by, leave: false })).toBe('past_pivot');
    expect(story.refuses({ kind: 'cancel', by, leave: true })).toBeUndefined();
  });
});
