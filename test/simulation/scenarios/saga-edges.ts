/** What people look up and decide about transactions, commits that never come, and long waits. */
import type { Scenario } from '../execution.ts';
import type { WorkerHandle } from '../fleet/fleet.ts';
import { DEED, definitionOf, type FlowPlan, paramsOf } from '../flow-plans.ts';
import type { World } from '../world.ts';
import { begin, hasBegun, hire, MINUTE_MS, mustEndAs, rests, SECOND_MS } from './saga-checks.ts';
import { once } from './sagas.ts';

const DAY_MS = 24 * 60 * MINUTE_MS;
const PAGE = { offset: 0, limit: 20 } as const;
/** More than one page of the store: then they are counted. */
const MANY = 200;

/** Fails until somebody gives it another input, or says what came of it. */
const ASKS: FlowPlan = {
  name: 'asks',
  steps: [
    { id: 'a', type: 'worker', retry: { strategy: 'manual', interval: 1 }, undo: {} },
    { id: 'b', type: 'worker', dependsOn: ['a'], reads: { from: '$.a.output.value' } },
  ],
};
const desk: Scenario = {
  name: 'saga-desk',
  play: async (world) => {
    const { teller, timeline } = world;
    const { insist } = teller;
    await hire(world);
    const bad = { a: { failRuns: 1 } };
    for (const instance of ['edited', 'undone', 'seen']) {
      await begin(world, ASKS, bad, instance);
    }
    await world.until(() => rests(world, 'edited', 'undone', 'seen'));
    for (const exception of (await teller.exceptions())?.rows ?? []) {
      const { id, instance } = exception;
      if (instance === 'edited') {
        await insist('assign', (engine) => engine.desk.assign(id, 'user:3', 'user:1').then((it) => it ?? 'nobody'));
        await insist('comment', (engine) => engine.desk.comment(id, 'Odd', 'user:1').then((it) => it ?? 'nobody'));
        await teller.act(exception, { action: 'retry', at: timeline.now() + SECOND_MS, input: { ...DEED, gives: 7 } });
      } else if (instance === 'undone') {
        await teller.act(exception, { action: 'compensate' });
      } else if (instance === 'seen') {
        await teller.handle(exception);
      }
    }
    await teller.retryAll('seen');
    await world.until(() => rests(world, 'edited', 'undone'));
  },
  ending: (world, gentle) => {
    const plain = gentle && world.faults.struck().length === 0;
    mustEndAs(world, 'edited', 'succeeded', plain);
    mustEndAs(world, 'undone', 'compensated', plain);
  },
};

/** Flows as people keep them, and what is looked up of a transaction; a running one keeps its version. */
const flows: Scenario = {
  name: 'saga-flows',
  play: async (world) => {
    const { teller, ledger } = world;
    const { insist } = teller;
    await hire(world);
    const before: FlowPlan = {
      name: 'kept',
      steps: [
        { id: 'a', type: 'worker' },
        { id: 'b', type: 'worker', dependsOn: ['a'], reads: { from: '$.a.output.by' } },
      ],
    };
    const after: FlowPlan = { name: 'kept', steps: [{ id: 'a', type: 'worker' }] };
    if (!(await begin(world, before, { a: { workMs: 1_500, prints: 20_000 } }, 'old'))) {
      return;
    }
    const id = teller.idOf('kept') ?? '';
    ledger.sagas.onFlow(after, 2);
    const definition = definitionOf(after, () => '');
    await insist('change flow', (engine) => engine.flows.change(id, { definition }));
    await insist('get flow', (engine) => engine.flows.get(id, 1).then((it) => it ?? 'nobody'));
    for (let index = 0; index < MANY; index += 1) {
      const row = {
        id: String(1_000 + index),
        name: `other ${index}`,
        description: '',
        flowType: 'test',
        createUser: '',
      };
      const times = { createdAt: 0, updatedAt: 0 };
      const flow = { ...row, ...times, updatedUser: '', active: false, latest: 1, version: 1 };
      await world.stores.flows.create(flow, { flow: row.id, version: 1, definition, createdAt: 0 });
    }
    await insist('list flows', (engine) => engine.flows.list(PAGE));
    await insist('rehearse', (engine) => engine.flows.rehearse(id).then((it) => it ?? 'nobody'));
    await insist('deactivate', (engine) => engine.flows.setActive(id, false).then((it) => it ?? 'nobody'));
    await insist('activate', (engine) => engine.flows.setActive(id, true).then((it) => it ?? 'nobody'));
    await teller.start('new', 'kept', paramsOf(after));
    await insist('remove', (engine) => engine.flows.remove(id));
    await teller.get('old');
    await insist('list', (engine) => engine.sagas.list({ flow: id }, PAGE));
    await insist('overview', (engine) => engine.sagaStats.overview(24));
    await insist('of flow', (engine) => engine.sagaStats.ofFlow(id).then((it) => it ?? 'nobody'));
    await world.until(() => rests(world, 'old', 'new'));
  },
  ending: (world) => mustEndAs(world, 'old', 'succeeded', world.faults.struck().length === 0),
};

/** What takes two takes two; and parameters too long for the row. */
const BOTH: FlowPlan = { name: 'both', twoPersons: true, steps: [{ id: 'a', type: 'worker' }] };
const twoPersons: Scenario = {
  name: 'saga-two-persons',
  play: async (world) => {
    const { teller } = world;
    await hire(world);
    if ((await teller.create(BOTH)) !== undefined) {
      const params = paramsOf(BOTH, { a: { failRuns: 1, pad: 'x'.repeat(600) } });
      await teller.start('both-1', 'both', params);
      await world.until(() => rests(world, 'both-1'));
      const exception = (await teller.exceptions())?.rows[0];
      if (exception !== undefined) {
        await teller.act(exception, { action: 'skip', output: null });
        await teller.approve(exception, false);
        await teller.act(exception, { action: 'retry' });
        await teller.approve(exception, true);
        await world.until(
          () => rests(world, 'both-1') && world.timeline.now() > exception.at + MINUTE_MS,
          3 * MINUTE_MS,
        );
      }
    }
  },
  ending: (world) => mustEndAs(world, 'both-1', 'succeeded', world.faults.struck().length === 0),
};

/** An idle worker would say so every 15 s for hours: it leaves, and one that died at that is not started again. */
const dismiss = async ({ timeline }: World, worker: WorkerHandle): Promise<void> => {
  await Promise.race([worker.drain(), timeline.pause(MINUTE_MS)]);
  await timeline.pause(10 * SECOND_MS);
  worker.kill();
};

/** Commits that never come: of a start, of a step's end, of the bump after long looks (A5, A6). */
const late: Scenario = {
  name: 'saga-late',
  play: async (world) => {
    const { fleet, functions, teller, timeline } = world;
    const plan: FlowPlan = {
      name: 'late',
      steps: [
        { id: 'a', type: 'worker' },
        { id: 'w', type: 'wait', dependsOn: ['a'], signal: true, timeoutS: 2 * 3_600 },
      ],
    };
    const anna = fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    if ((await teller.create(plan)) === undefined) {
      return;
    }
    functions.dieBefore('sagas.create');
    await begin(world, plan, {}, 'late-1');
    await world.until(() => hasBegun(world, 'late-1', 'a'), MINUTE_MS);
    functions.dieBefore('sagas.commit');
    await timeline.pause(50 * SECOND_MS);
    functions.dieBefore('sagas.commit');
    await teller.cancelOnce('late-1');
    functions.dieBefore('sagas.bump');
    await dismiss(world, anna);
    await timeline.pause(90 * MINUTE_MS);
    await teller.signal('late-1', 'w', { word: 1 });
    await world.until(() => rests(world, 'late-1'), 2 * MINUTE_MS);
  },
};

/** One that has failed waits for its person for months. */
const patient: Scenario = {
  name: 'saga-patient',
  play: async (world) => {
    const anna = world.fleet.start('anna', { slots: 1 });
    await world.until(anna.welcomed);
    await begin(world, { name: 'patient', steps: [{ id: 'a', type: 'worker', undo: {} }] }, { a: { failRuns: 1 } });
    await world.until(() => rests(world, 'patient-1'));
    await dismiss(world, anna);
    await world.timeline.pause(125 * DAY_MS);
  },
  storyMs: 130 * DAY_MS,
};

/** Past the pivot nothing is undone: what fails there waits for a person, who retries the whole. */
const PIVOT: FlowPlan = {
  name: 'pivot',
  steps: [
    { id: 'a', type: 'worker', undo: {} },
    { id: 'p', type: 'worker', dependsOn: ['a'], pivot: true, retry: once },
    { id: 'b', type: 'worker', dependsOn: ['p'], retry: once, undo: {} },
    { id: 'c', type: 'worker', dependsOn: ['a'], undo: {} },
  ],
};
const pivot: Scenario = {
  name: 'saga-pivot',
  play: async (world) => {
    const { teller } = world;
    await hire(world);
    await begin(world, PIVOT, { p: { workMs: 1_000 }, b: { failRuns: 1 }, c: { workMs: 3_000 } });
    await world.until(() => rests(world, 'pivot-1'));
    await teller.cancelOnce('pivot-1');
    await teller.retry('pivot-1');
    await world.until(() => rests(world, 'pivot-1'));
    // One fails while the pivot is at work: whether it turns back is decided when that has ended.
    await begin(
      world,
      {
        ...PIVOT,
        name: 'close',
        steps: PIVOT.steps.map((step) => (step.id === 'c' ? { ...step, retry: once } : step)),
      },
      { p: { workMs: 1_000 }, c: { failRuns: 1 } },
    );
    await world.until(() => rests(world, 'close-1'));
  },
  ending: (world, gentle) => {
    mustEndAs(world, 'pivot-1', 'succeeded', gentle && world.faults.struck().length === 0);
    mustEndAs(world, 'close-1', 'failed', false);
  },
};

/** A step that is too slow: what it did is not known, and is undone. */
const SLOW: FlowPlan = {
  name: 'slow',
  steps: [
    { id: 'a', type: 'worker', undo: {} },
    {
      id: 'b',
      type: 'worker',
      dependsOn: ['a'],
      timeoutS: 2,
      retry: { strategy: 'auto', max_attempts: 2, interval: 1 },
      undo: {},
    },
  ],
};
const unknown: Scenario = {
  name: 'saga-unknown',
  play: async (world) => {
    await hire(world);
    await begin(world, SLOW, { b: { workMs: 60_000 } });
    await world.until(() => rests(world, 'slow-1'));
  },
  ending: (world, gentle) => mustEndAs(world, 'slow-1', 'compensated', gentle),
};

/** The first try of a step is too slow, the second fails for certain: what the first did is undone. */
const tries: Scenario = {
  name: 'saga-tries',
  play: async (world) => {
    await hire(world);
    await begin(world, { ...SLOW, name: 'tries' }, { b: { slows: 1, fails: 2 } });
    await world.until(() => rests(world, 'tries-1'));
  },
  ending: (world, gentle) => mustEndAs(world, 'tries-1', 'compensated', gentle),
};

/** A child that could not be undone waits for its person, whatever becomes of its parent. */
const STUCK: FlowPlan = {
  name: 'stuck-child',
  steps: [
    { id: 'i', type: 'worker', undo: { retry: once } },
    { id: 'j', type: 'worker', dependsOn: ['i'], retry: once },
  ],
};
const ABOVE: FlowPlan = {
  name: 'above',
  steps: [
    { id: 'a', type: 'worker', undo: {} },
    { id: 'f', type: 'flow', dependsOn: ['a'], child: 'stuck-child', timeoutS: 10, retry: once },
  ],
};
const childStuck: Scenario = {
  name: 'saga-child-stuck',
  play: async (world) => {
    const { teller } = world;
    await hire(world);
    await teller.create(STUCK);
    if ((await teller.create(ABOVE)) !== undefined) {
      const plans = new Map([[STUCK.name, STUCK]]);
      await teller.start('above-1', 'above', paramsOf(ABOVE, { i: { undoFailRuns: 9 }, j: { failRuns: 9 } }, plans));
      await world.until(() => rests(world, 'above-1'));
    }
  },
  ending: (world) => mustEndAs(world, 'above-1', 'compensated', world.faults.struck().length === 0),
};

export const SAGA_EDGES: readonly Scenario[] = [desk, flows, late, patient];
/** Long ones, or what others play in another way. */
export const SAGA_RARE: readonly Scenario[] = [twoPersons, pivot, unknown, tries, childStuck];
