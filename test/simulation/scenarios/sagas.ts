/** Transactions: steps side by side and one after the other, what is undone, who is asked. */
import type { Scenario } from '../execution.ts';
import { DEED, type FlowPlan, paramsOf } from '../flow-plans.ts';
import {
  begin,
  hasBegun,
  hire,
  MINUTE_MS,
  mustBePrompt,
  mustEndAs,
  mustHaveTold,
  rests,
  SECOND_MS,
  statusOf,
} from './saga-checks.ts';

const once = { strategy: 'no_retry' } as const;

/** Two branches and a join; one step is left out, one is of the pool without workers, one waits for a moment. */
const DIAMOND: FlowPlan = {
  name: 'diamond',
  steps: [
    { id: 'a', type: 'worker', reads: { whose: '$.instance_id' } },
    { id: 'b', type: 'worker', dependsOn: ['a'], reads: { from: '$.a.output.by', given: '$.params.t_a.gives' } },
    // A function that dies at it costs a try.
    {
      id: 'c',
      type: 'http',
      dependsOn: ['a'],
      retry: { strategy: 'auto', max_attempts: 3, interval: 1 },
      timeoutS: 5,
      undo: {},
    },
    { id: 'x', type: 'worker', dependsOn: ['a'], when: { path: '$.a.output.value', atLeast: 6 } },
    { id: 'd', type: 'worker', dependsOn: ['b', 'c', 'x'], reads: { from: '$.c.output.by' }, pivot: true },
    { id: 'e', type: 'wait', dependsOn: ['x'], waitS: 2 },
  ],
};
const diamond: Scenario = {
  name: 'saga',
  play: async (world) => {
    await hire(world);
    await begin(world, DIAMOND, { b: { workMs: 250 } });
    await world.until(() => rests(world, 'diamond-1'));
  },
  ending: (world, gentle) => {
    mustEndAs(world, 'diamond-1', 'succeeded', gentle);
    mustHaveTold(world, 'diamond-1', 'a b c d');
    mustBePrompt(world, 'diamond-1', 2 * SECOND_MS);
  },
};

/** The last of three fails for good, and what came before is undone. One had to be tried twice. */
const CHAIN: FlowPlan = {
  name: 'chain',
  steps: [
    { id: 'a', type: 'worker', undo: { reads: { was: '$.a.output.by' } } },
    {
      id: 'b',
      type: 'worker',
      dependsOn: ['a'],
      retry: { strategy: 'auto', max_attempts: 2, interval: 1 },
      undo: { retry: { strategy: 'auto', max_attempts: 2, interval: 1 } },
    },
    { id: 'c', type: 'worker', dependsOn: ['b'], retry: once, undo: {} },
  ],
};
const unwind: Scenario = {
  name: 'saga-unwind',
  play: async (world) => {
    await hire(world);
    await begin(world, CHAIN, { b: { fails: 1, undoFails: 1 }, c: { failRuns: 9 } });
    await world.until(() => rests(world, 'chain-1'));
  },
  ending: (world, gentle) => {
    mustEndAs(world, 'chain-1', 'compensated', gentle);
    mustHaveTold(world, 'chain-1', 'a b b c ~b ~b ~a');
  },
};

/** Two branches fail at once, a third still works. */
const TWO: FlowPlan = {
  name: 'two',
  steps: [
    { id: 'a', type: 'worker', undo: {} },
    { id: 'b', type: 'worker', dependsOn: ['a'], retry: once, undo: {} },
    { id: 'c', type: 'worker', dependsOn: ['a'], retry: once, undo: {} },
    { id: 'd', type: 'worker', dependsOn: ['a'], undo: {} },
    { id: 'e', type: 'worker', dependsOn: ['d'] },
  ],
};
const twoFail: Scenario = {
  name: 'saga-two-fail',
  play: async (world) => {
    await hire(world);
    await begin(world, TWO, { b: { failRuns: 9 }, c: { failRuns: 9 }, d: { workMs: 1_500 } });
    await world.until(() => rests(world, 'two-1'));
  },
  ending: (world, gentle) => {
    mustEndAs(world, 'two-1', 'compensated', gentle);
    mustBePrompt(world, 'two-1', 3 * SECOND_MS);
  },
};

/** Cancelled while two steps work, whose ends are waited for; one of them has just ended. */
const cancel: Scenario = {
  name: 'saga-cancel',
  play: async (world) => {
    await hire(world);
    await begin(world, TWO, { b: { workMs: 1_200 }, c: { workMs: 1_500 }, d: { workMs: 1_250 } });
    await world.until(() => hasBegun(world, 'two-1', 'c'), 30 * SECOND_MS);
    await world.timeline.pause(1_100);
    await world.teller.cancel('two-1');
    await world.until(() => rests(world, 'two-1'));
  },
  ending: (world) => mustEndAs(world, 'two-1', 'compensated', world.faults.struck().length === 0),
};

/** Left as it is while its steps work: none begins any more. */
const leave: Scenario = {
  name: 'saga-leave',
  play: async (world) => {
    await hire(world);
    await begin(world, CHAIN, { b: { workMs: 2_000 } });
    await world.until(() => hasBegun(world, 'chain-1', 'a'), 30 * SECOND_MS);
    await world.timeline.pause(600);
    await world.teller.cancel('chain-1', true);
    await world.timeline.pause(10 * SECOND_MS);
  },
  ending: (world) => mustEndAs(world, 'chain-1', 'cancelled', world.faults.struck().length === 0),
};

/** It unwinds, an undo fails for good, and a person turns it round again. */
const forward: Scenario = {
  name: 'saga-forward',
  play: async (world) => {
    const { teller } = world;
    await hire(world);
    const stuck = { ...CHAIN, name: 'stuck', steps: CHAIN.steps.map((step) => ({ ...step, undo: { retry: once } })) };
    await begin(world, stuck, { a: { undoFailRuns: 9 }, c: { failRuns: 1 } });
    await world.until(() => rests(world, 'stuck-1'));
    for (let tries = 0; tries < 3 && statusOf(world, 'stuck-1') === 'failed'; tries += 1) {
      const undo = (await teller.exceptions())?.rows.find((row) => row.undo);
      if (undo !== undefined) {
        await teller.act(undo, { action: 'forward' });
        await world.until(() => rests(world, 'stuck-1'));
      } else {
        await world.timeline.pause(10 * SECOND_MS);
      }
    }
  },
  ending: (world, gentle) => mustEndAs(world, 'stuck-1', 'succeeded', gentle),
};

/** A transaction within a transaction, that succeeds, and one that does not. */
const INNER: FlowPlan = { name: 'inner', steps: [{ id: 'i', type: 'worker', retry: once, undo: {} }] };
const OUTER: FlowPlan = {
  name: 'outer',
  steps: [
    { id: 'a', type: 'worker', undo: {} },
    { id: 'f', type: 'flow', dependsOn: ['a'], child: 'inner', timeoutS: 600, retry: once },
    { id: 'z', type: 'worker', dependsOn: ['f'] },
  ],
};
const child: Scenario = {
  name: 'saga-child',
  play: async (world) => {
    const { teller } = world;
    await hire(world);
    await teller.create(INNER);
    const ids = await teller.create(OUTER);
    if (ids !== undefined) {
      const plans = new Map([[INNER.name, INNER]]);
      await teller.start('good', 'outer', paramsOf(OUTER, {}, plans));
      await teller.start('bad', 'outer', { ...paramsOf(OUTER, {}, plans), t_f: { t_i: { ...DEED, failRuns: 9 } } });
      await world.until(() => rests(world, 'good', 'bad'));
    }
  },
  ending: (world, gentle) => {
    mustEndAs(world, 'good', 'succeeded', gentle);
    mustEndAs(world, 'bad', 'compensated', gentle);
  },
};

/** A word that comes in time, one that comes when it is too late, and one at that very moment. */
const WAITS: FlowPlan = {
  name: 'waits',
  steps: [
    { id: 'w', type: 'wait', signal: true, timeoutS: 10, retry: once },
    { id: 'b', type: 'worker', dependsOn: ['w'] },
  ],
};
const signal: Scenario = {
  name: 'saga-signal',
  play: async (world) => {
    const { teller, timeline } = world;
    await hire(world);
    await begin(world, WAITS, {}, 'early');
    await begin(world, WAITS, {}, 'close');
    const from = world.ledger.sagas.bookOf('close')?.row.createdAt ?? timeline.now();
    await teller.signal('early', 'w', { word: 1 });
    await timeline.pause(Math.max(0, from + 10 * SECOND_MS + 20 - timeline.now()));
    await teller.signal('close', 'w', { word: 2 });
    await world.until(() => rests(world, 'early', 'close'), 3 * MINUTE_MS);
    await teller.signal('close', 'w', { word: 3 });
  },
  ending: (world, gentle) => mustEndAs(world, 'early', 'succeeded', gentle && world.faults.struck().length === 0),
};

export const SAGAS: readonly Scenario[] = [diamond, unwind, twoFail, cancel, leave, forward, child, signal];
export { once };
