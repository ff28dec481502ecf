/** Transactions in a world of their own, with a worker that does what the test says of each run. */
import type { SagaDetail, StartResult } from '../../../lib/application/sagas/api.ts';
import type { RunResult } from '../../../lib/contracts/frames.ts';
import type { JsonObject } from '../../../lib/domain/flow/flow.ts';
import { parseStepRunId } from '../../../lib/domain/ids.ts';
import type { Saga, SagaException } from '../../../lib/domain/saga/saga.ts';
import { HEARTBEAT_MS } from '../../../lib/domain/timing.ts';
import { createWorld, type World } from '../../support/engine-world.ts';
import { createWorker, type WorldWorker } from '../../support/world-worker.ts';

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const DAY_MS = 24 * 60 * MINUTE_MS;

/** What becomes of a run: nothing said, it succeeds. */
export type Script = (run: {
  readonly id: string;
  readonly step: string;
  readonly undo: boolean;
  readonly n: number;
}) => Partial<RunResult> | undefined;

/** A task by its id, executed by the handler of that name. */
export const step = (id: string, more: JsonObject = {}): JsonObject => ({ id, task_name: id, ...more });
const definitionOf = (tasks: readonly JsonObject[], more: JsonObject): string =>
  JSON.stringify({ name: 'flow', description: '', flow_type: 'test', version: 1, tasks, ...more });

export const FAILED = { outcome: 'failed', reason: 'handler_failed', error: 'RPC call failed' } as const;
/** Says something to the engine; where that dies, in the way that the test has in mind. */
export type Say = (what: () => Promise<void>) => Promise<void>;
const ONCE: Say = (what) => what();
const SUCCEEDS: Script = () => undefined;

export type SagaWorld = Omit<World, 'live'> & {
  readonly worker: WorldWorker;
  /** Makes a flow of these tasks. @returns its id */
  readonly define: (tasks: readonly JsonObject[], more?: JsonObject) => Promise<string>;
  /** Gives the flow a further version. */
  readonly redefine: (flow: string, tasks: readonly JsonObject[]) => Promise<void>;
  readonly begin: (flow: string, params?: JsonObject, instance?: string) => Promise<StartResult>;
  /** Time passes, and the worker lives on. */
  readonly live: (ms: number, say?: Say) => Promise<void>;
  /** Time passes, and nobody says a word. */
  readonly sleep: (ms: number) => Promise<void>;
  /** The worker ends what it holds, and what comes of that, until it holds nothing. @returns the runs in their order */
  readonly work: (script?: Script, say?: Say) => Promise<readonly string[]>;
  /** Its row, which must be there. */
  readonly saga: (instance?: string) => Promise<Saga>;
  readonly detail: (instance?: string) => Promise<SagaDetail>;
  readonly statuses: (instance?: string) => Promise<Record<string, string>>;
  /** Not handled, newest first. */
  readonly open: () => Promise<readonly SagaException[]>;
};

export const INSTANCE = 'order_001';

export const createSagaWorld = async (options: Parameters<typeof createWorld>[0] = {}): Promise<SagaWorld> => {
  const world = createWorld(options);
  const { engine, ports } = world;
  const worker = createWorker(world, 'worker', {
    slots: 50,
    handlers: ['a', 'b', 'c', 'd', 'undo_a', 'undo_b', 'undo_c'],
  });
  await worker.hello();
  let flows = 0;

  const detail = async (instance = INSTANCE): Promise<SagaDetail> => {
    const found = await engine.sagas.get(instance);
    if (found === undefined) {
      throw new Error(`There is no transaction ${instance}`);
    }
    return found;
  };

  return {
    ...world,
    worker,
    define: async (tasks, more = {}) => {
      flows += 1;
      const made = await engine.flows.create({
        ...{ name: `flow ${flows}`, description: '', flowType: 'test', createUser: 'ann' },
        definition: definitionOf(tasks, more),
      });
      if (made.kind !== 'created') {
        throw new Error(`The flow was not created: ${JSON.stringify(made)}`);
      }
      return made.view.flow.id;
    },
    redefine: async (flow, tasks) => {
      const changed = await engine.flows.change(flow, { definition: definitionOf(tasks, {}) });
      if (changed.kind !== 'changed') {
        throw new Error(`The flow was not changed: ${JSON.stringify(changed)}`);
      }
    },
    live: async (ms, say = ONCE) => {
      const end = world.now() + ms;
      while (world.now() < end) {
        await world.live(Math.min(HEARTBEAT_MS, end - world.now()));
        await say(() => worker.heartbeat());
      }
    },
    sleep: world.live,
    begin: (flow, params = {}, instance = INSTANCE) => engine.sagas.start({ instance, flow, params }),
    work: async (script = SUCCEEDS, say = ONCE) => {
      const order: string[] = [];
      for (let held = worker.holding(); held.length > 0; held = worker.holding()) {
        for (const attempt of held) {
          const of = parseStepRunId(attempt.run);
          const result = of && script({ id: attempt.run, ...of });
          order.push(of === undefined ? attempt.run : `${of.undo ? 'undo ' : ''}${of.step}`);
          await say(() => worker.finish([attempt], result ?? {}));
        }
      }
      return order;
    },
    saga: async (instance = INSTANCE) => {
      const held = await ports.sagas.find(instance);
      const saga = held && (await ports.sagas.get(held.no, 'consistent'));
      if (saga === undefined) {
        throw new Error(`There is no transaction ${instance}`);
      }
      return saga;
    },
    detail,
    statuses: async (instance) =>
      Object.fromEntries((await detail(instance)).steps.map(({ step, state }) => [step, state.status])),
    open: async () => (await engine.desk.list({ handled: false }, { offset: 0, limit: 100 })).rows,
  };
};
