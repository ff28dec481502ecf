import { expect, it, vi } from 'vitest';
import type { WorkerFrame } from '../../lib/contracts/frames.ts';
import { createAgent } from '../../lib/worker/agent.ts';
import { CONNECTOR_TIMINGS } from '../../lib/worker/connector.ts';
import { inProcess, type Registered } from '../../lib/worker/handlers.ts';
import type { Link, LinkEvents } from '../../lib/worker/link.ts';
import { createTestLogger } from './start-worker.ts';
import { createVirtualClock } from './virtual-clock.ts';

const GLOBALS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'fetch', 'WebSocket'];
const HELD_MS = 3_000;
const RUN_MS = 7_000;

const realTurn = setImmediate;
/** Until every promise that could settle has settled. */
const settle = (): Promise<void> => new Promise((resolve) => realTurn(resolve));

/** One connection that is lost after a while, one run that is held, executes and reports. */
async function simulate(lostAfterMs: number) {
  const clock = createVirtualClock();
  const trace: { readonly at: number; readonly frame: WorkerFrame }[] = [];
  const sockets: LinkEvents[] = [];
  let ids = 0;

  const answer = (frame: WorkerFrame, events: LinkEvents): void => {
    const at = clock.wallMs();
    if (frame.type === 'hello') {
      events.frame({ type: 'welcome', session: frame.session, at, heartbeatMs: 15_000 });
      const order = { run: 'r', attempt: 1, seq: 1, handler: 'wait', payload: '{}', tries: 0, maxTries: 1 };
      const runs = [{ ...order, notBefore: at + HELD_MS, timeoutMs: 60_000 }];
      events.frame({ type: 'run', session: frame.session, at, runs });
      clock.startTimer(lostAfterMs, () => events.closed({ detail: 'lost' }));
    }
    if (frame.type === 'resume') events.frame({ type: 'resumed', session: frame.session, at, epoch: frame.epoch });
  };

  const openLink = (events: LinkEvents): Link => {
    sockets.push(events);
    let open = false;
    clock.startTimer(20, () => {
      open = true;
      events.opened();
    });
    return {
      isOpen: () => open && events === sockets.at(-1),
      send(frame, done) {
        trace.push({ at: clock.monotonicMs(), frame });
        clock.defer(() => done?.(true));
        clock.startTimer(10, () => answer(frame, events));
      },
      ping: () => {},
      close: () => {},
      terminate: () => {},
    };
  };

  const wait: Registered = {
    execute: inProcess(() => new Promise((resolve) => clock.startTimer(RUN_MS, () => resolve('done')))),
    idempotent: false,
  };
  const agent = createAgent({
    openLink,
    makeSessionId: () => {
      ids += 1;
      return `session-${ids}`;
    },
    loadPayload: async ({ payload }) => ({ payload }),
    storeOutput: async () => undefined,
    identity: { name: 'w', pool: 'default', maxTasks: 1, handlers: ['wait'], tags: [] },
    handlers: new Map([['wait', wait]]),
    spool: { write: () => {}, remove: () => {}, read: () => [] },
    logger: createTestLogger().logger,
    clock,
    random: () => 0.5,
    timings: CONNECTOR_TIMINGS,
    onWelcome: () => {},
  });

  const passUntil = async (instant: number): Promise<void> => {
    await settle();
    for (let next = clock.nextAt(); next !== undefined && next <= instant; next = clock.nextAt()) {
      clock.advance(next - clock.monotonicMs());
      await settle();
    }
  };
  agent.start();
  await passUntil(60_000);
  const stopped = agent.stop();
  await passUntil(Number.MAX_SAFE_INTEGER);
  await stopped;
  return { trace, waiting: clock.waiting() };
}

it('an agent takes its time, its chance and its network from its parameters only, so that it can be simulated', async () => {
  const called: string[] = [];
  const forbid = (name: string) => () => {
    called.push(name);
    throw new Error(`${name} belongs to the process`);
  };
  for (const name of GLOBALS) vi.stubGlobal(name, forbid(name));
  vi.spyOn(Math, 'random').mockImplementation(forbid('Math.random'));
  vi.spyOn(Date, 'now').mockImplementation(forbid('Date.now'));
  vi.spyOn(performance, 'now').mockImplementation(forbid('performance.now'));
  const restore = (): void => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  };
  const [first, second] = await Promise.all([simulate(5_000), simulate(5_000)]).finally(restore);

  expect(called).toEqual([]);
  expect(first.trace.map(({ at, frame }) => [at, frame.type])).toEqual([
    [20, 'hello'],
    // Half of the first backoff, and the 20 ms that a socket takes.
    [5_300, 'resume'],
    [5_310, 'started'],
    [30 + HELD_MS + RUN_MS, 'result'],
    [20_310, 'heartbeat'],
    [35_310, 'heartbeat'],
    [50_310, 'heartbeat'],
    [60_000, 'goodbye'],
  ]);
  expect(first.waiting).toBe(0);
  expect(second).toEqual(first);
});
