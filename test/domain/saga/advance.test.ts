import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/domain/saga/advance.ts';
import { newSaga } from '../../../lib/domain/saga/new-saga.ts';
import type { Saga } from '../../../lib/domain/saga/saga.ts';
import { flowOf, step, undo, work } from './flows.ts';
import { problemsOf } from './saga-history.ts';
import * as world from './saga-world.ts';
import { storyOf } from './story.ts';

const undoable = { compensate: undo() };

describe('a reference into what a transaction within this one gave', () => {
  const errorOf = (type: 'flow' | 'worker') => {
    const sub = step('sub', [], { type, config: { flow_id: '1' } });
    const flow = flowOf([sub, step('b', ['sub'], { config: { x: '$.sub.output.a.x' } })]);
    const fresh = newSaga({ no: '5', instance: 'order', flow, fingerprint: '', depth: 0, now: 0 });
    const saga: Saga = { ...fresh, steps: { sub: { status: 'succeeded', runs: 1, output: '{"b":1}' } } };
    const nothing = { params: {}, runs: new Map(), complete: true, outputs: {}, now: 0, drawId: () => '9' };
    const [opened] = advance({ flow, saga, ...nothing }).exceptions;
    return opened?.kind === 'open' ? opened.exception.error : undefined;
  };

  it('says, where it leads nowhere, that there may have been too much of it', () => {
    expect(errorOf('flow')).toContain('$.sub.output.a.x (a step of type flow gives the outputs of its steps as far as');
    expect(errorOf('worker')).toBe('The configuration refers to what is not there: $.sub.output.a.x');
  });
});

describe('forward', () => {
  it('without steps succeeds at once', () => {
    const { world: w } = storyOf(flowOf([]));
    expect(w.saga).toMatchObject({ status: 'succeeded', endedAt: w.now });
  });

  it('begins what is independent at once, and a join when all before it is done', () => {
    const story = storyOf(flowOf([step('a'), step('b'), step('c', ['a', 'b'])]));
    expect(story.open()).toEqual(['a~1', 'b~1']);
    story.ends('a');
    expect(story.open()).toEqual(['b~1']);
    story.ends('b');
    expect(story.open()).toEqual(['c~1']);
    story.ends('c');
    expect(story.world.saga.status).toBe('succeeded');
  });

  it('leaves out a step whose condition does not hold, and what depends on such steps alone', () => {
    const when = { path: '$.params.settings.on', op: 'equals', value: false } as const;
    const story = storyOf(flowOf([step('a', [], { when }), step('b', ['a']), step('c'), step('d', ['b', 'c'])]));
    expect([story.state('a').status, story.state('b').status]).toEqual(['skipped', 'skipped']);
    story.ends('c');
    expect(story.open()).toEqual(['d~1']);
  });

  it('gives a step the outputs that it refers to, and null for one that was left out', () => {
    const when = { path: '$.params.settings.on', op: 'equals', value: false } as const;
    const config = { of: '$.a.output.of', none: '$.b.output' };
    const w = world.createWorld(flowOf([step('a'), step('b', [], { when }), step('c', ['a', 'b'], { config })]));
    world.look(w, 'carried_out');
    const [run] = world.waiting(w);
    expect(run?.step).toBe('a');
    world.begin(w, run as world.WorldRun);
    world.end(w, world.executing(w)[0] as world.WorldRun, 'succeeded');
    const { starts } = world.look(w, 'carried_out');
    expect(starts.map(({ payload }) => payload)).toEqual([{ of: 'a', none: null }]);
  });

  it('fails a step that refers to what is not there, without a run', () => {
    const story = storyOf(flowOf([step('a', [], { config: { x: '$.params.none.such' } }), step('b', ['a'])]));
    expect(story.world.saga.status).toBe('failed');
    expect(story.state('a')).toMatchObject({ status: 'failed', runs: 0 });
    expect(story.exceptionOf('a')).toMatchObject({ reason: 'bad_payload', tries: 0 });
    expect(story.world.runs.size).toBe(0);
  });

  it('opens no more exceptions at once than one write takes', () => {
    const steps = Array.from({ length: 100 }, (_, at) => step(`s${at}`, [], { config: { x: '$.params.none.such' } }));
    const story = storyOf(flowOf(steps));
    expect(story.world.saga.status).toBe('failed');
    expect(story.world.exceptions.size).toBe(95);
    story.acts('skip', 's0');
    expect(story.world.exceptions.size).toBe(100);
  });
});

describe('what a step may try by itself', () => {
  it.each([
    ['auto', 3],
    ['manual', 1],
    ['no_retry', 1],
  ] as const)('%s: %i tries', (strategy, maxTries) => {
    const w = world.createWorld(flowOf([step('a', [], work(strategy))]));
    const { starts } = world.look(w, 'carried_out');
    expect(starts).toMatchObject([{ maxTries, retry: { intervalMs: 60_000, backoff: 1 } }]);
  });
});

describe('a failed step', () => {
  it('waits for a person, and lets other branches go on to their end', () => {
    const story = storyOf(flowOf([step('a'), step('b', ['a']), step('c', [], undoable), step('d', ['c'])]));
    story.ends('a', 'failed');
    expect(story.world.saga.status).toBe('running');
    story.ends('c');
    story.ends('d');
    expect(story.world.saga.status).toBe('failed');
    expect(story.state('b').status).toBe('pending');
    expect(story.exceptionOf('a')).toMatchObject({
      error: 'no',
      reason: 'handler_failed',
      strategy: 'manual',
      tries: 1,
    });
  });

  it.each([
    ['failed', undefined],
    ['timed_out', true],
    ['lost', true],
    ['failed_after_loss', true],
  ] as const)('that has %s: what it did is unknown: %s', (outcome, unknown) => {
    const story = storyOf(flowOf([step('a')]));
    story.ends('a', outcome);
    expect(story.state('a').unknown).toBe(unknown);
  });

  it('does not wait for a signal any more when it was not told: it has done nothing', () => {
    const story = storyOf(flowOf([step('a', [], { type: 'wait', config: { signal: true } })]));
    story.ends('a', 'timed_out');
    expect(story.state('a')).toEqual({ status: 'failed', runs: 1, exception: story.exceptionOf('a').id });
  });

  it('counts as failed where somebody else has cancelled its run', () => {
    const story = storyOf(flowOf([step('a'), step('b')]));
    story.begins('a');
    world.cancelByHand(story.world, `${story.world.saga.no}~a~1`);
    world.look(story.world, 'carried_out');
    expect(story.state('a').status).toBe('running');
    story.stops('a');
    expect(story.state('a')).toMatchObject({ status: 'failed', unknown: true });
    expect(story.exceptionOf('a').reason).toBe('cancelled');
  });
});

describe('after a crash', () => {
  it('creates the runs that are missing, and no others', () => {
    const w = world.createWorld(flowOf([step('a'), step('b')]));
    world.look(w, 'lost');
    const { next, starts } = world.look(w, 'carried_out');
    expect(next).toBe(w.saga);
    expect(starts.map(({ run }) => run.split('~')[1])).toEqual(['a', 'b']);
    expect(world.look(w, 'carried_out').starts).toEqual([]);
  });

  it('concludes nothing from runs that were not looked for', () => {
    const w = world.createWorld(flowOf([step('a'), step('b', ['a'])]));
    world.look(w, 'lost');
    const decision = advance({ ...world.viewOfAll(w), complete: false });
    expect(decision).toEqual({ next: w.saga, starts: [], cancels: [], exceptions: [] });
  });

  it('makes a run impossible that was to be stopped before it was created', () => {
    const w = world.createWorld(flowOf([step('a'), step('b', ['a'])]));
    world.look(w, 'late');
    expect(world.say(w, { kind: 'cancel', by: 'ann', leave: false }, 'carried_out')).toBe(false);
    expect([...w.runs.values()]).toMatchObject([{ step: 'a', status: 'scheduled' }]);
    // The late helper meets the mark.
    for (const decision of w.late) {
      world.carryOut(w, decision);
    }
    world.look(w, 'carried_out');
    world.look(w, 'carried_out');
    expect(w.saga.status).toBe('cancelled');
    expect(problemsOf(w.flow, w.events)).toEqual([]);
    expect(world.waiting(w)).toEqual([]);
  });
});
