import { parseExactJson } from '../../domain/exact-json.ts';
import type { Flow, JsonObject } from '../../domain/flow/flow.ts';
import { makeRunId } from '../../domain/ids.ts';
import type { Run } from '../../domain/run.ts';
import type { SagaView } from '../../domain/saga/decision.ts';
import { outputsNeeded, unsettled } from '../../domain/saga/needs.ts';
import type { Saga } from '../../domain/saga/saga.ts';
import type { Ports } from '../ports/index.ts';
import type { Flows } from './api.ts';
import type { ReadOutputs } from './outputs.ts';
import { readRuns } from './read-runs.ts';

/** A view whose runs are the rows as they were read. */
export type ReadView = Omit<SagaView, 'runs'> & { readonly runs: ReadonlyMap<string, Run> };

/** What a saga's machine has to see before it decides. */
export type ReadSaga = {
  readonly flowOf: (saga: Saga) => Promise<Flow>;
  readonly paramsOf: (saga: Saga) => Promise<JsonObject>;
  /** With these runs alone: of those that have just ended. */
  readonly ofRuns: (saga: Saga, known: readonly Run[]) => Promise<ReadView>;
  /** With every run that is not settled. `known` go before what is read of them, which may lag. */
  readonly whole: (saga: Saga, known: readonly Run[]) => Promise<ReadView>;
};

/**
 * Runs that ended badly which one decision takes: each opens an exception, and DynamoDB writes at most 100 rows in one
 * transaction. The next look takes the others.
 */
const MOST_BAD_ENDS = 90;

const isBadEnd = ({ status }: Run): boolean => status === 'failed' || status === 'timed_out';

const withinLimit = (runs: ReadonlyMap<string, Run>): ReadonlyMap<string, Run> => {
  const beyond = [...runs.values()].filter(isBadEnd).slice(MOST_BAD_ENDS);
  const left = new Set(beyond.map(({ id }) => id));
  return left.size === 0 ? runs : new Map([...runs].filter(([id]) => !left.has(id)));
};

/** A hundred draws of one millisecond would meet each other more often than not: each is of a millisecond of its own. */
export const createDrawId = (now: () => number, chance: () => number): (() => string) => {
  let drawn = 0;
  return () => {
    drawn += 1;
    return makeRunId(now() + drawn, chance());
  };
};

type Tools = {
  readonly flows: Pick<Flows, 'load'>;
  readonly readOutputs: ReadOutputs;
  /** False: the transaction that this open run waits for was never started. It is, where the run is taken for missing. */
  readonly hasBegun: (saga: Saga, run: Run) => Promise<boolean>;
};

export const createReadSaga = (
  ports: Pick<Ports, 'data' | 'runs' | 'now' | 'chance'>,
  { flows, readOutputs, hasBegun }: Tools,
): ReadSaga => {
  const { data, now, chance } = ports;
  const read = readRuns(ports.runs);

  const flowOf = async ({ no, flow, flowVersion }: Saga): Promise<Flow> => {
    const found = await flows.load(flow, flowVersion);
    if (found === undefined) {
      throw new Error(`Version ${flowVersion} of flow ${flow} is gone, and transaction ${no} needs it`);
    }
    return found;
  };

  const paramsOf = async ({ no, params }: Saga): Promise<JsonObject> => {
    const text = params ?? (await data.getPayload(no));
    if (text === undefined) {
      throw new Error(`The parameters of transaction ${no} are gone`);
    }
    return parseExactJson(text) as JsonObject;
  };

  const view = async (saga: Saga, flow: Flow, runs: ReadonlyMap<string, Run>, complete: boolean): Promise<ReadView> => {
    const [params, outputs] = await Promise.all([
      paramsOf(saga),
      readOutputs(saga, outputsNeeded(flow, saga, runs, complete), runs),
    ]);
    return { flow, saga, params, runs, complete, outputs, now: now(), drawId: createDrawId(now, chance) };
  };

  const byId = (runs: readonly Run[]): ReadonlyMap<string, Run> => new Map(runs.map((run) => [run.id, run]));

  return {
    flowOf,
    paramsOf,
    ofRuns: async (saga, known) => view(saga, await flowOf(saga), byId(known), false),
    whole: async (saga, known) => {
      const flow = await flowOf(saga);
      const ids = unsettled(saga);
      const given = byId(known.filter(({ id }) => ids.includes(id)));
      const found = await read(ids.filter((id) => !given.has(id)));
      const runs = new Map([...withinLimit(found), ...given]);
      for (const run of found.values()) {
        if (!(await hasBegun(saga, run))) {
          runs.delete(run.id);
        }
      }
      return view(saga, flow, runs, true);
    },
  };
};
