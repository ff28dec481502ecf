/** Workers without a socket (decision of docs/adr: they fetch their runs over HTTP), on the whole engine. */
import { describe, expect, it } from 'vitest';
import type { PollAnswer } from '../../lib/application/sessions/poll.ts';
import type { PollInput } from '../../lib/application/sessions/poll-session.ts';
import type { AttemptRef, RunOrder, RunResult } from '../../lib/contracts/frames.ts';
import type { Session } from '../../lib/domain/session.ts';
import { createWorld, type World } from '../support/engine-world.ts';
import { createWorker } from '../support/world-worker.ts';

const MINUTE_MS = 60_000;

/** A worker that polls, and does as docs/worker-protocol.md asks. */
const createPoller = (world: World, name: string, fields: Partial<PollInput> = {}) => {
  const held = new Map<string, RunOrder>();
  const begun: RunOrder[] = [];
  let results: RunResult[] = [];

  const inputOf = (): PollInput => ({
    worker: name,
    pool: 'default',
    handlers: ['send_email'],
    tags: [],
    maxTasks: 2,
    running: [...held.values()].map(({ run, attempt }): AttemptRef => [run, attempt]),
    results,
    ...fields,
  });
  /** What it does with an answer: known attempts are not begun again (K2). */
  const take = (answer: PollAnswer): PollAnswer => {
    for (const order of answer.runs) {
      const key = `${order.run}:${order.attempt}`;
      if (!held.has(key)) {
        held.set(key, order);
        begun.push(order);
      }
    }
    for (const [run, attempt] of answer.cancel) {
      held.delete(`${run}:${attempt}`);
    }
    return answer;
  };
  return {
    begun,
    runs: () => begun.map(({ run }) => run),
    holds: () => [...held.values()],
    inputOf,
    take,
    /** Its answer is lost. */
    ask: () => world.engine.poll(inputOf()),
    poll: async () => {
      const answer = take(await world.engine.poll(inputOf()));
      results = [];
      return answer;
    },
    again: async () => take(await world.engine.poll(inputOf(), 'again')),
    finish: (order: RunOrder, ending: Partial<RunResult> = {}) => {
      held.delete(`${order.run}:${order.attempt}`);
      const { run, attempt } = order;
      results.push({ run, attempt, outcome: 'succeeded', startedAt: world.now(), durationMs: 5, ...ending });
    },
  };
};

const sessionsOf = async (world: World): Promise<readonly Session[]> =>
  (await world.ports.sessions.look({ pool: 'default', shard: 0, reading: 'consistent' })).sessions;
const writesOf = async (world: World, work: () => Promise<unknown>): Promise<string[]> => {
  const calls: string[] = [];
  world.watch(({ when, name }) => {
    if (when === 'before' && /create|commit|report|take|give|bind|configure|send|write|note|put/.test(name)) {
      calls.push(name);
    }
  });
  await work();
  world.watch(undefined);
  return calls;
};

describe('a worker that polls', () => {
  it('gets what waits, up to its number, and the next when it has reported', async () => {
    const world = createWorld();
    const ids = [await world.submit(), await world.submit(), await world.submit()];
    const poller = createPoller(world, 'poller');
    const first = await poller.poll();
    expect(first.runs).toHaveLength(2);
    expect(first).toMatchObject({ at: world.now(), cancel: [], heartbeatMs: 15_000 });
    const [one] = poller.begun;
    expect(one).toMatchObject({ seq: 0, attempt: 1, handler: 'send_email', payload: '{"to":"a@example.com"}' });
    expect(await world.run(one?.run ?? '')).toMatchObject({ status: 'dispatched', worker: 'poller' });
    if (one !== undefined) {
      poller.finish(one, { output: 'sent' });
    }
    const second = await poller.poll();
    expect(second.runs).toHaveLength(1);
    expect(await world.run(one?.run ?? '')).toMatchObject({ status: 'succeeded', output: 'sent' });
    expect(new Set(poller.runs())).toEqual(new Set(ids));
    expect(second.session).toBe(first.session);
  });

  it('is one session, that nobody pushes to', async () => {
    const world = createWorld();
    const poller = createPoller(world, 'poller', { tags: ['gpu'], labels: { zone: 'a' }, categories: ['mail'] });
    await poller.poll();
    await poller.poll();
    expect(await sessionsOf(world)).toMatchObject([
      {
        st: 'up',
        polls: true,
        name: 'poller',
        worker: 'poller',
        tags: ['gpu'],
        labels: { zone: 'a' },
        maxTasks: 2,
        limit: 0,
        q: 0,
      },
    ]);
    const id = await world.submit();
    await world.live(30_000);
    expect((await world.run(id)).status).toBe('ready');
    expect(world.posted).toEqual([]);
    await poller.again();
    expect(poller.runs()).toEqual([id]);
  });

  it('gets only what it has a handler for and meets the needs of', async () => {
    const world = createWorld();
    await world.submit({ handler: 'resize' });
    await world.submit({ needs: { tags: ['gpu'] } });
    const mail = await world.submit({ needs: { category: 'mail' } });
    const poller = createPoller(world, 'poller', { maxTasks: 9, categories: ['mail'] });
    await poller.poll();
    expect(poller.runs()).toEqual([mail]);
  });

  it('whose answer is lost is given the same attempts again, until it lists them', async () => {
    const world = createWorld();
    const id = await world.submit();
    const poller = createPoller(world, 'poller');
    const lost = await poller.ask();
    expect(lost.runs).toMatchObject([{ run: id, attempt: 1 }]);
    await world.live(5_000);
    const again = await poller.ask();
    expect(again.runs).toEqual(lost.runs);
    await poller.poll();
    expect((await poller.poll()).runs).toEqual([]);
    expect(poller.begun).toHaveLength(1);
    expect(await world.run(id)).toMatchObject({ attempt: 1, tries: 0 });
  });

  it('is given what was claimed for it after another of its polls had forgotten it, though that answer is lost', async () => {
    const world = createWorld();
    const poller = createPoller(world, 'poller');
    await poller.poll();
    const id = await world.submit();
    let told = 0;
    world.watch(async ({ when, name }) => {
      if (when === 'after' && name === 'sessions.report' && told === 0) {
        told += 1;
        // Listed, and not claimed yet.
        await world.engine.poll({ ...poller.inputOf(), maxTasks: 0 });
      }
    });
    const lost = await poller.ask();
    world.watch(undefined);
    expect(lost.runs).toMatchObject([{ run: id }]);
    for (let poll = 0; poll < 12 && poller.begun.length === 0; poll += 1) {
      await world.live(5_000);
      await poller.poll();
    }
    expect(poller.runs()).toEqual([id]);
    expect(await world.run(id)).toMatchObject({ attempt: 1, tries: 0 });
  });

  it('whose report was lost on its way back may report again: it counts once', async () => {
    const world = createWorld();
    const id = await world.submit();
    const poller = createPoller(world, 'poller');
    await poller.poll();
    poller.finish(poller.begun[0] as RunOrder, { output: 'once' });
    await poller.ask();
    expect((await poller.poll()).runs).toEqual([]);
    expect(await world.run(id)).toMatchObject({ status: 'succeeded', output: 'once', attempt: 1 });
    await expect(poller.poll()).resolves.toMatchObject({ runs: [], cancel: [] });
  });

  it('that asks twice at once has one session, and never more than its number', async () => {
    const world = createWorld();
    for (let index = 0; index < 10; index += 1) {
      await world.submit();
    }
    const poller = createPoller(world, 'poller');
    const answers = await Promise.all([poller.ask(), poller.ask(), poller.ask()]);
    expect(new Set(answers.map(({ session }) => session)).size).toBe(1);
    expect(await sessionsOf(world)).toHaveLength(1);
    const given = new Set(answers.flatMap(({ runs }) => runs.map(({ run }) => run)));
    expect(given.size).toBeLessThanOrEqual(2);
    expect((await world.allRuns()).filter(({ status }) => status === 'dispatched')).toHaveLength(2);
    await poller.poll();
    expect(poller.begun).toHaveLength(2);
    expect((await world.allRuns()).every(({ attempt }) => attempt <= 1)).toBe(true);
  });

  it('reports by a poll of its own while a long one is open, without confusing that one', async () => {
    const world = createWorld();
    const first = await world.submit();
    const poller = createPoller(world, 'poller', { maxTasks: 1 });
    await poller.poll();
    const stale = poller.inputOf();
    const second = await world.submit();
    poller.finish(poller.begun[0] as RunOrder);
    await poller.poll();
    expect(poller.runs()).toEqual([first, second]);
    // The open one still says that the first is running, and knows nothing of the second.
    expect(await world.engine.poll(stale, 'again')).toMatchObject({ runs: [], cancel: [] });
    expect(await world.run(second)).toMatchObject({ status: 'dispatched', attempt: 1 });
    await poller.poll();
    expect(poller.holds()).toHaveLength(1);
  });

  it('is told what was cancelled, also while it waits, and its report is the proof', async () => {
    const world = createWorld();
    const id = await world.submit();
    const poller = createPoller(world, 'poller');
    await poller.poll();
    const [order] = poller.begun;
    await world.engine.cancelRun(id);
    expect((await world.engine.poll(poller.inputOf(), 'again')).cancel).toEqual([[id, 1]]);
    expect((await poller.ask()).cancel).toEqual([[id, 1]]);
    poller.finish(order as RunOrder, { outcome: 'cancelled', signal: 'SIGTERM' });
    expect((await poller.poll()).cancel).toEqual([]);
    expect(await world.run(id)).toMatchObject({
      status: 'cancelled',
      evidence: { state: 'exited', signal: 'SIGTERM' },
    });
  });

  it('is not told to end what it was just given because a reading lags behind', async () => {
    const world = createWorld();
    await world.submit();
    const poller = createPoller(world, 'poller');
    await poller.poll();
    world.watch(({ when, name, answer }) => {
      if (when === 'after' && name === 'runs.getMany') {
        (answer as unknown[]).length = 0;
      }
    });
    expect((await poller.poll()).cancel).toEqual([]);
    world.watch(undefined);
    expect(poller.holds()).toHaveLength(1);
    expect((await poller.poll()).runs).toEqual([]);
  });

  it('is told to end what is not its own any more', async () => {
    const world = createWorld();
    const poller = createPoller(world, 'poller');
    const id = await world.submit();
    const foreign: AttemptRef[] = [
      [id, 1],
      ['7301234567890123', 4],
    ];
    const answer = await world.engine.poll({ ...poller.inputOf(), maxTasks: 0, running: foreign });
    expect(answer.cancel).toEqual(foreign);
  });

  it('silent for 45 s is lost: its runs go to others, and it begins a new session', async () => {
    const world = createWorld();
    const id = await world.submit();
    const poller = createPoller(world, 'poller');
    const { session } = await poller.poll();
    await world.live(40_000);
    expect((await world.run(id)).status).toBe('dispatched');
    await world.live(6_000);
    expect(await world.run(id)).toMatchObject({ tries: 1, history: [{ outcome: 'lost' }] });
    const other = createWorker(world, 'other');
    await other.hello();
    await world.live(5_000);
    expect(other.orderOf(id)).toMatchObject({ attempt: 2 });
    const back = await poller.poll();
    expect(back.session).not.toBe(session);
    expect(back).toMatchObject({ cancel: [[id, 1]], runs: [] });
    expect(await sessionsOf(world)).toHaveLength(3);
    // And so on, whenever the way to its session has grown old.
    const ids = [session, back.session];
    for (let loss = 0; loss < 4; loss += 1) {
      await world.live(10 * MINUTE_MS);
      ids.push((await poller.poll()).session);
    }
    expect(new Set(ids).size).toBe(ids.length);
    expect((await sessionsOf(world)).filter(({ st, polls }) => st === 'up' && polls)).toHaveLength(1);
  });

  it('lives as long as it polls, whatever it does', async () => {
    const world = createWorld();
    const id = await world.submit();
    const poller = createPoller(world, 'poller');
    const { session } = await poller.poll();
    for (let minute = 0; minute < 6; minute += 1) {
      await world.live(20_000);
      expect((await poller.poll()).session).toBe(session);
    }
    expect(await world.run(id)).toMatchObject({ status: 'dispatched', attempt: 1 });
  });

  it('lives by its heartbeats too', async () => {
    const world = createWorld();
    const poller = createPoller(world, 'poller');
    const { session } = await poller.poll();
    for (let beat = 0; beat < 4; beat += 1) {
      await world.live(30_000);
      await world.engine.workers.heartbeat('poller', { status: 'online', currentTasks: 0 }, ['default']);
    }
    expect((await poller.poll()).session).toBe(session);
  });

  it('restarted is not taken for the one that knew what it did (K1)', async () => {
    const world = createWorld();
    const id = await world.submit();
    const before = createPoller(world, 'poller', { instance: 'a' });
    await before.poll();
    const after = createPoller(world, 'poller', { instance: 'b' });
    expect((await after.poll()).runs).toEqual([]);
    await world.live(50_000);
    await after.poll();
    await world.live(5_000);
    await after.poll();
    expect(after.begun).toMatchObject([{ run: id, attempt: 2, tries: 1 }]);
  });

  it('that drains gets nothing more, and one that is switched off neither', async () => {
    const world = createWorld();
    const draining = createPoller(world, 'draining', { maxTasks: 0 });
    const off = createPoller(world, 'off');
    await off.poll();
    await world.engine.workers.change('off', { enabled: false });
    const id = await world.submit();
    await draining.poll();
    await off.poll();
    await world.live(MINUTE_MS);
    await off.poll();
    expect([...draining.begun, ...off.begun]).toEqual([]);
    await world.engine.workers.change('off', { enabled: true });
    await off.poll();
    expect(off.runs()).toEqual([id]);
  });

  it('may change what it says of itself; what a person set stays', async () => {
    const world = createWorld();
    const poller = createPoller(world, 'poller');
    await poller.poll();
    await world.engine.workers.change('poller', { tags: ['gpu'] });
    await world.engine.poll({ ...poller.inputOf(), handlers: ['resize'], tags: ['cpu'], maxTasks: 7 });
    expect(await sessionsOf(world)).toMatchObject([{ handlers: ['resize'], tags: ['gpu'], maxTasks: 7 }]);
    const resize = await world.submit({ handler: 'resize', needs: { tags: ['gpu'] } });
    const answer = await world.engine.poll({ ...poller.inputOf(), handlers: ['resize'], tags: ['cpu'], maxTasks: 7 });
    expect(answer.runs).toMatchObject([{ run: resize }]);
  });

  it('costs no write while it comes every second and nothing happens', async () => {
    const world = createWorld();
    const poller = createPoller(world, 'poller');
    await world.submit();
    await poller.poll();
    const writes = await writesOf(world, async () => {
      for (let second = 0; second < 9; second += 1) {
        world.pass(1_000);
        await poller.poll();
        await poller.again();
      }
    });
    expect(writes).toEqual([]);
    world.pass(1_000);
    expect(await writesOf(world, poller.poll)).toEqual(['sessions.report']);
  });

  it.each(['sessions.report', 'runs.commit', 'sessions.create', 'connections.bind'])(
    'finds all again when the function dies around %s',
    async (port) => {
      for (const when of ['before', 'after'] as const) {
        const world = createWorld();
        const ids = [await world.submit(), await world.submit()];
        const poller = createPoller(world, 'poller', { maxTasks: 5 });
        let died = false;
        world.watch((call) => {
          if (!died && call.name === port && call.when === when) {
            died = true;
            throw new Error('died');
          }
        });
        await expect(poller.ask()).rejects.toThrow('died');
        world.watch(undefined);
        await poller.poll();
        await world.live(MINUTE_MS / 4);
        await poller.poll();
        expect(new Set(poller.runs())).toEqual(new Set(ids));
        for (const id of ids) {
          expect(await world.run(id)).toMatchObject({ status: 'dispatched', attempt: 1, tries: 0 });
        }
        expect(await sessionsOf(world)).toHaveLength(1);
      }
    },
  );
});
