import { describe, expect, it } from 'vitest';
import type { DeskAction } from '../../../lib/domain/saga/saga.ts';
import { flowOf, step, undo, work } from './flows.ts';
import { problemsOf } from './saga-history.ts';
import * as world from './saga-world.ts';
import { type Story, storyOf } from './story.ts';

const undoable = { compensate: undo() };
const noRetry = work('no_retry');
const by = 'ann';

const desk = (story: Story, action: DeskAction, of: string, undone?: 'undo') =>
  ({ kind: 'desk', action, exception: story.exceptionOf(of, undone), by }) as const;

const handlings = (story: Story) =>
  [...story.world.exceptions.values()].map(({ step, handled }) => [step, handled?.as]);

describe('the desk, going forward', () => {
  it('retries after the interval of the flow, while others run', () => {
    const story = storyOf(flowOf([step('a'), step('b')]));
    story.ends('a', 'failed');
    story.acts('retry', 'a');
    expect(story.open()).toEqual(['b~1', 'a~2']);
    expect(story.state('a')).toMatchObject({ status: 'running', startAt: story.world.now + 60_000 });
    expect(story.world.saga.status).toBe('running');
  });

  it('retries once, however often it is asked; but not with other parameters, nor at another instant', () => {
    const story = storyOf(flowOf([step('a')]));
    story.ends('a', 'failed');
    story.acts('retry', 'a');
    story.acts('retry', 'a');
    expect(story.open()).toEqual(['a~2']);
    const at = story.world.now + 60_000;
    expect(story.refuses({ ...desk(story, 'retry', 'a'), at })).toBeUndefined();
    expect(story.refuses({ ...desk(story, 'retry', 'a'), at: story.world.now })).toBe('planned');
    expect(story.refuses({ ...desk(story, 'retry', 'a'), input: '{}' })).toBe('in_progress');
    expect(story.refuses(desk(story, 'skip', 'a'))).toBe('in_progress');
  });

  it('retries with the parameters that a person gives, and undoes with the same', () => {
    const story = storyOf(flowOf([step('settings', [], undoable), step('b', ['settings'], noRetry)]));
    story.ends('settings', 'failed');
    const view = world.viewOfAll(story.world);
    expect(view.params.settings).toEqual({ on: true });
    story.says({ ...desk(story, 'retry', 'settings'), input: '{"on":"later"}' });
    expect(story.payloads.at(-1)).toEqual({ on: 'later' });
    story.ends('settings');
    story.ends('b', 'failed');
    expect(story.payloads.at(-1)).toEqual({ on: 'later' });
  });

  it('skips with an output that others refer to, and never undoes that', () => {
    const flow = flowOf([step('a', [], undoable), step('b', ['a'], { ...noRetry, config: { got: '$.a.output.n' } })]);
    const story = storyOf(flow);
    story.ends('a', 'timed_out');
    story.says({ ...desk(story, 'skip', 'a'), output: '{"n":5}' });
    expect(story.payloads.at(-1)).toEqual({ got: 5 });
    story.ends('b', 'failed');
    expect(story.world.saga.status).toBe('compensated');
    expect(story.state('a')).toMatchObject({ status: 'waived' });
    expect(story.state('a').undo).toBeUndefined();
  });

  it('takes for done what was done by hand, and undoes it when it unwinds', () => {
    const story = storyOf(flowOf([step('a', [], undoable), step('b', ['a'], noRetry)]));
    story.ends('a', 'failed');
    story.acts('done', 'a');
    expect(handlings(story)).toEqual([['a', 'done']]);
    story.ends('b', 'failed');
    expect(story.open()).toEqual(['a~c1']);
  });

  it('unwinds where a person wants it', () => {
    const story = storyOf(flowOf([step('a', [], undoable), step('b', ['a'])]));
    story.ends('a');
    story.ends('b', 'failed');
    story.acts('compensate', 'b');
    story.ends('a', 'succeeded', 'undo');
    expect(story.world.saga.status).toBe('compensated');
    expect(story.world.saga.cancelled).toBeUndefined();
    expect(handlings(story)).toEqual([['b', 'compensated']]);
  });

  it.each([
    ['nothing_to_undo', [step('a')]],
    ['past_pivot', [step('p', [], { pivot: true }), step('a', ['p'], undoable)]],
  ] as const)('refuses to unwind: %s', (why, steps) => {
    const story = storyOf(flowOf(steps));
    for (const { id } of steps.slice(0, -1)) {
      story.ends(id);
    }
    story.ends('a', 'failed');
    expect(story.refuses(desk(story, 'compensate', 'a'))).toBe(why);
  });

  it('retries nothing that is never to be retried', () => {
    const story = storyOf(flowOf([step('a', [], noRetry)]));
    story.ends('a', 'failed');
    expect(story.refuses(desk(story, 'retry', 'a'))).toBe('not_retryable');
  });

  it('refuses what is handled, what is too large, and to go forward when it does', () => {
    const story = storyOf(flowOf([step('a')]));
    story.ends('a', 'failed');
    expect(story.refuses({ ...desk(story, 'skip', 'a'), output: `"${'x'.repeat(65_536)}"` })).toBe('too_large');
    expect(story.refuses(desk(story, 'forward', 'a'))).toBe('not_backward');
    const exception = story.exceptionOf('a');
    story.says({ kind: 'handle', exception, by, remark: 'seen' });
    expect(story.world.saga.status).toBe('failed');
    expect(story.refuses({ kind: 'handle', exception, by })).toBe('already_handled');
    const [handled] = story.world.exceptions.values();
    expect(handled && story.refuses({ kind: 'handle', exception: handled, by })).toBe('already_handled');
  });

  it('opens a new exception where the one before was handled elsewhere', () => {
    const story = storyOf(flowOf([step('a')]));
    story.ends('a', 'failed');
    story.says({ kind: 'handle', exception: story.exceptionOf('a'), by });
    story.says({ kind: 'retry', by });
    story.ends('a', 'failed');
    expect(handlings(story)).toEqual([
      ['a', 'handled'],
      ['a', undefined],
    ]);
  });
});

describe('the desk, while it unwinds', () => {
  const stuck = () => {
    const steps = [step('a', [], undoable), step('b', ['a'], undoable), step('c', ['b'], noRetry)];
    const story = storyOf(flowOf(steps));
    story.ends('a');
    story.ends('b');
    story.ends('c', 'failed');
    story.ends('b', 'failed', 'undo');
    expect(story.world.saga.status).toBe('failed');
    return story;
  };

  it.each(['skip', 'done'] as const)('%s: it goes on past the undo', (action) => {
    const story = stuck();
    story.acts(action, 'b', 'undo');
    expect(story.open()).toEqual(['a~c1']);
    story.ends('a', 'succeeded', 'undo');
    expect(story.world.saga.status).toBe('compensated');
    expect(story.state('b').undo).toBe(action === 'skip' ? 'given_up' : 'succeeded');
  });

  it('retries an undo, with other parameters where a person gives some', () => {
    const story = stuck();
    story.says({ ...desk(story, 'retry', 'b', 'undo'), input: '{"by":"hand"}', at: story.world.now });
    expect(story.payloads.at(-1)).toEqual({ by: 'hand' });
    expect(story.open()).toEqual(['b~c2']);
    expect(story.world.saga.status).toBe('compensating');
  });

  it('neither retries nor skips the step whose failure turned it back', () => {
    const story = stuck();
    expect(story.refuses({ ...desk(story, 'skip', 'c') })).toBe('unwinding');
  });

  it('goes forward: what was undone is done again, what was not stays done', () => {
    const story = stuck();
    story.acts('retry', 'b', 'undo');
    story.ends('b', 'succeeded', 'undo');
    story.ends('a', 'failed', 'undo');
    story.acts('forward', 'a', 'undo');
    expect(story.world.saga).toMatchObject({ status: 'running', direction: 'forward' });
    expect(world.openExceptions(story.world)).toEqual([]);
    expect(story.open()).toEqual(['b~2']);
    story.ends('b');
    expect(story.open()).toEqual(['c~2']);
    story.ends('c');
    expect(story.world.saga.status).toBe('succeeded');
    expect(problemsOf(story.world.flow, story.world.events)).toEqual([]);
  });

  it('waits for an undo that runs when it goes forward, and puts it before a person where it fails', () => {
    const steps = [step('a', [], undoable), step('b', ['a'], undoable), step('c', ['a'], undoable)];
    const story = storyOf(flowOf([...steps, step('d', ['b', 'c'], noRetry)]));
    story.ends('a');
    story.endTogether(['b', 'succeeded'], ['c', 'succeeded']);
    story.ends('d', 'failed');
    story.ends('b', 'succeeded', 'undo');
    story.acts('forward', 'd');
    expect(story.open()).toEqual(['c~c1', 'b~2']);
    story.ends('b');
    story.ends('c', 'failed', 'undo');
    expect(story.world.saga).toMatchObject({ status: 'failed', direction: 'forward' });
    story.acts('skip', 'c', 'undo');
    // It counts as done again.
    expect(story.open()).toEqual(['d~2']);
    story.ends('d', 'failed');
    expect(story.open()).toEqual(['b~c2', 'c~c2']);
  });

  it('begins anew what was being stopped when a person made it go forward', () => {
    const story = storyOf(flowOf([step('a', [], undoable), step('b'), step('c', [], noRetry)]));
    story.begins('b');
    story.endTogether(['a', 'succeeded'], ['c', 'failed']);
    story.acts('forward', 'c');
    story.stops('b');
    expect(story.open()).toContain('b~2');
    expect(story.state('b')).toMatchObject({ status: 'running', unknown: true });
  });

  it('asks again whether a step is wanted whose condition looks at what is done anew', () => {
    const when = { path: '$.a.output.n', op: 'equals', value: 7 } as const;
    const story = storyOf(flowOf([step('a', [], undoable), step('b', ['a'], { when }), step('c', ['a'], noRetry)]));
    story.ends('a');
    expect(story.state('b').status).toBe('skipped');
    story.ends('c', 'failed');
    story.ends('a', 'failed', 'undo');
    story.acts('retry', 'a', 'undo');
    story.acts('forward', 'c');
    story.ends('a', 'succeeded', 'undo');
    expect(story.state('b').status).toBe('pending');
  });
});
