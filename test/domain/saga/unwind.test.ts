import { describe, expect, it } from 'vitest';
import { flowOf, step, undo, work } from './flows.ts';
import * as world from './saga-world.ts';
import { storyOf } from './story.ts';

const undoable = { compensate: undo() };
const auto = work('auto');
const noRetry = work('no_retry');

/** A try of a request whose connection broke. */
const NO_ANSWER = { attempt: 1, outcome: 'failed', reason: 'handler_failed', endedAt: 1 } as const;

describe('an unwind', () => {
  it.each(['auto', 'no_retry'] as const)('begins at once for %s, in reverse order', (strategy) => {
    const steps = [step('a', [], undoable), step('b', ['a'], undoable), step('c', ['b'], work(strategy))];
    const story = storyOf(flowOf(steps));
    story.ends('a');
    story.ends('b');
    story.ends('c', 'failed');
    expect(story.world.saga).toMatchObject({ status: 'compensating', direction: 'backward' });
    expect(story.open()).toEqual(['b~c1']);
    story.ends('b', 'succeeded', 'undo');
    expect(story.open()).toEqual(['a~c1']);
    story.ends('a', 'succeeded', 'undo');
    expect(story.world.saga.status).toBe('compensated');
    expect(world.openExceptions(story.world)).toEqual([]);
    expect([...story.world.exceptions.values()]).toMatchObject([{ handled: { as: 'compensated', by: 'system' } }]);
  });

  it('undoes what is independent at the same time', () => {
    const steps = [step('a', [], undoable), step('b', [], undoable), step('c', ['a', 'b'], noRetry)];
    const story = storyOf(flowOf(steps));
    story.endTogether(['a', 'succeeded'], ['b', 'succeeded']);
    story.ends('c', 'failed');
    expect(story.open()).toEqual(['a~c1', 'b~c1']);
  });

  it('looks past a step that has no undo to those that have', () => {
    const steps = [step('a', [], undoable), step('b', ['a']), step('c', ['b'], undoable), step('d', ['c'], noRetry)];
    const story = storyOf(flowOf(steps));
    for (const id of ['a', 'b', 'c']) {
      story.ends(id);
    }
    story.ends('d', 'failed');
    expect(story.open()).toEqual(['c~c1']);
  });

  it('stops what runs, and undoes nothing before that has stopped', () => {
    const steps = [step('a', [], undoable), step('b', ['a'], undoable), step('c', [], noRetry), step('d', ['b'])];
    const story = storyOf(flowOf(steps));
    story.ends('a');
    story.begins('b');
    story.ends('c', 'failed');
    expect(story.state('b')).toMatchObject({ status: 'running', stopping: true });
    expect(story.state('d').status).toBe('cancelled');
    expect(story.open()).toEqual([]);
    story.stops('b');
    expect(story.state('b')).toMatchObject({ status: 'cancelled', unknown: true, undo: 'running' });
    expect(story.open()).toEqual(['b~c1']);
  });

  it('asks nothing of a person about a further step that fails while it is being stopped', () => {
    const story = storyOf(flowOf([step('a', [], undoable), step('b', [], noRetry)]));
    story.begins('a');
    const [run] = world.executing(story.world);
    story.begins('b');
    const failed = world.end(story.world, world.executing(story.world)[1] as world.WorldRun, 'failed');
    // It ends before anybody has told it to stop.
    world.tell(story.world, [failed], 'lost');
    world.tell(story.world, [world.end(story.world, run as world.WorldRun, 'timed_out')], 'carried_out');
    expect(story.state('a')).toMatchObject({ status: 'failed', unknown: true, undo: 'running' });
    expect(story.world.exceptions.size).toBe(1);
  });

  it('undoes what may have happened: a step that ran out of time', () => {
    const story = storyOf(flowOf([step('a', [], { ...noRetry, ...undoable })]));
    story.ends('a', 'timed_out');
    expect(story.open()).toEqual(['a~c1']);
  });

  it.each([
    ['a request that got no answer', 'http', {}, true],
    ['a request that broke the one who was asked', 'http', { exitCode: 503 }, true],
    ['a call that broke the one who was called', 'rpc', { exitCode: 500 }, true],
    ['a request that was refused', 'http', { exitCode: 409 }, false],
    ['a try that got no answer before one that was refused', 'http', { exitCode: 409, history: [NO_ANSWER] }, true],
    ['a command that failed', 'worker', { exitCode: 1 }, false],
    ['work whose output could not be kept', 'worker', { reason: 'output_not_stored' }, true],
  ] as const)('knows what may have happened: %s', (_case, type, fields, isUndone) => {
    const config =
      type === 'http' ? { url: 'https://example.com' } : type === 'rpc' ? { service: 's', method: 'm' } : {};
    const story = storyOf(flowOf([step('a', [], { ...noRetry, ...undoable, type, config })]));
    story.begins('a');
    const [run] = world.executing(story.world);
    const failed = world.end(story.world, run as world.WorldRun, 'failed');
    world.tell(story.world, [{ ...failed, reason: 'handler_failed', ...fields }], 'carried_out');
    expect(story.open()).toEqual(isUndone ? ['a~c1'] : []);
  });

  it('opens one exception for each of two steps that fail at once, and unwinds once', () => {
    const steps = [step('a', [], undoable), step('b', ['a'], auto), step('c', ['a'], noRetry)];
    const story = storyOf(flowOf(steps));
    story.ends('a');
    story.endTogether(['b', 'failed'], ['c', 'failed']);
    expect(story.world.exceptions.size).toBe(2);
    expect(story.open()).toEqual(['a~c1']);
  });

  it('stops at an undo that fails for good: those that run finish, no further one begins', () => {
    const steps = [step('a', [], undoable), step('b', ['a'], undoable), step('c', ['a'], undoable)];
    const story = storyOf(flowOf([...steps, step('d', ['b', 'c'], noRetry)]));
    story.ends('a');
    story.endTogether(['b', 'succeeded'], ['c', 'succeeded']);
    story.ends('d', 'failed');
    story.ends('b', 'failed', 'undo');
    expect(story.world.saga.status).toBe('compensating');
    story.ends('c', 'succeeded', 'undo');
    expect(story.world.saga).toMatchObject({ status: 'failed', direction: 'backward' });
    expect(story.open()).toEqual([]);
    expect(story.exceptionOf('b', 'undo')).toMatchObject({ undo: true, step: 'b', strategy: 'auto', maxTries: 3 });
  });

  it('does not begin in a flow that undoes nothing', () => {
    const story = storyOf(flowOf([step('a'), step('b', ['a'], noRetry)]));
    story.ends('a');
    story.ends('b', 'failed');
    expect(story.world.saga).toMatchObject({ status: 'failed', direction: 'forward' });
  });
});

describe('a pivot', () => {
  const flow = flowOf([
    step('a', [], undoable),
    step('p', ['a'], { pivot: true }),
    step('b', ['a'], noRetry),
    step('c', ['p'], noRetry),
    step('d', ['a']),
    step('e', ['d']),
  ]);

  it('bars the way back once it has succeeded', () => {
    const story = storyOf(flow);
    story.ends('a');
    story.ends('p');
    story.ends('c', 'failed');
    expect(story.world.saga.direction).toBe('forward');
  });

  it('that runs is waited for, and nothing begins until it has told', () => {
    const story = storyOf(flow);
    story.ends('a');
    story.ends('b', 'failed');
    story.ends('d');
    expect(story.world.saga).toMatchObject({ status: 'running', direction: 'forward' });
    expect(story.open()).toEqual(['p~1']);
    story.ends('p', 'failed');
    expect(story.world.saga.direction).toBe('backward');
    expect(story.open()).toEqual(['a~c1']);
  });

  it('that succeeds beside a failure lets the others go on', () => {
    const story = storyOf(flow);
    story.ends('a');
    story.ends('b', 'failed');
    story.ends('d');
    story.ends('p');
    expect(story.open()).toEqual(['c~1', 'e~1']);
  });

  it('that may have happened bars the way back', () => {
    const story = storyOf(flow);
    story.ends('a');
    story.endTogether(['p', 'timed_out'], ['b', 'failed'], ['d', 'succeeded']);
    story.ends('e');
    expect(story.world.saga).toMatchObject({ status: 'failed', direction: 'forward' });
  });

  it('does not begin while a failure waits for a person, who may want to turn back', () => {
    const story = storyOf(flowOf([step('a', [], undoable), step('b'), step('p', ['a'], { pivot: true })]));
    story.ends('b', 'failed');
    story.ends('a');
    expect(story.world.saga.status).toBe('failed');
    expect(story.state('p').status).toBe('pending');
    story.acts('skip', 'b');
    expect(story.open()).toEqual(['p~1']);
  });
});
