/** The engine on the memory adapters with a worker beside it, in this process: our own code and nothing else. */
import type { ServerFrame, WorkerFrame } from '../lib/contracts/frames.ts';
import { createLogger } from '../lib/platform/logger.ts';
import { composeMemoryEngine } from '../lib/platform/memory-engine.ts';
import { toSettings } from '../lib/platform/settings.ts';
import { createVirtualWorker } from '../test/support/meter-worker.ts';

const CONN = 'connection';
const SLOTS = 100;
/** Fewer than the slots: none of them ever waits. */
const AT_A_TIME = 64;

export const aTask = (executeAt: number) => ({
  handler: 'bench',
  pool: 'default',
  priority: 5,
  executeAt,
  payload: '{"to":"user@example.com","template":"welcome","customer":4711}',
  maxTries: 3,
  timeoutMs: 300_000,
});

export type InProcessFigures = { readonly runsPerSecond: number; readonly cpuMsPerRun: number };

export const measureInProcess = async (forMs: number): Promise<InProcessFigures> => {
  const log = createLogger({ level: 'error' });
  const ended = new Map<string, () => void>();
  const { engine, stop } = composeMemoryEngine({
    sockets: {
      post: async (_conn, text) => {
        setImmediate(() => void worker.receive(JSON.parse(text) as ServerFrame));
        return 'sent';
      },
      disconnect: async () => undefined,
    },
    settings: toSettings({ POOL_SHARDS: {}, RUN_RETENTION_DAYS: 30, PRIORITY_AGEING_SECONDS: 600 }),
    log,
  });
  const send = async (conn: string, frame: WorkerFrame): Promise<void> => {
    await engine.receiveFrame({ conn, frame });
    for (const { run } of frame.type === 'result' ? frame.results : []) {
      ended.get(run)?.();
      ended.delete(run);
    }
  };
  const worker = createVirtualWorker({
    ...{ name: 'bench', conn: CONN, slots: SLOTS, handlers: ['bench'], runMs: 0, heartbeats: true },
    timeline: {
      now: Date.now,
      at: (instant, work) => {
        if (instant > Date.now()) {
          setTimeout(() => void work(), instant - Date.now()).unref();
        } else {
          setImmediate(() => void work());
        }
      },
    },
    ...{ send, onRun: () => undefined, onEnd: () => undefined },
  });
  await send(CONN, worker.hello());

  let runs = 0;
  const over = new AbortController();
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) {
      const result = await engine.submitRun(aTask(Date.now()));
      if (result.kind !== 'created') {
        throw new Error('The run was not created');
      }
      await new Promise<void>((resolve) => ended.set(result.run.id, resolve));
      runs += 1;
    }
  };
  const clients = Array.from({ length: AT_A_TIME }, client);
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  await wait(forMs / 4);
  const before = { runs, cpu: process.cpuUsage(), at: performance.now() };
  await wait(forMs);
  const cpu = process.cpuUsage(before.cpu);
  const counted = runs - before.runs;
  const tookMs = performance.now() - before.at;
  over.abort();
  await Promise.all(clients);
  stop();
  return { runsPerSecond: (counted * 1_000) / tookMs, cpuMsPerRun: (cpu.user + cpu.system) / 1_000 / counted };
};
