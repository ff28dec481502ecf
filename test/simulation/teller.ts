/** Those who keep flows, start transactions, and look after what failed: straight into the use cases, and again where nobody answers. */
import type { Engine } from '../../lib/application/api.ts';
import type { CommandResult, DeskRequest } from '../../lib/application/sagas/api.ts';
import type { Json, JsonObject } from '../../lib/domain/flow/flow.ts';
import type { SagaException } from '../../lib/domain/saga/saga.ts';
import type { Asked } from './account/saga-steps.ts';
import { partsOf } from './account/step-run.ts';
import { createAsker } from './asker.ts';
import type { Basics } from './basics.ts';
import type { Functions } from './cloud/functions.ts';
import { definitionOf, type FlowPlan } from './flow-plans.ts';

type Surroundings = Pick<Basics, 'timeline' | 'faults' | 'ledger' | 'say'> & { readonly functions: Functions };

const TELLER = 'user:1';
const FIRST = { id: TELLER, person: TELLER } as const;
const SECOND = { id: 'user:2', person: 'user:2' } as const;
/** Nothing here has more. */
const ALL = { offset: 0, limit: 100 } as const;

export const createTeller = (surroundings: Surroundings) => {
  const { ledger, timeline } = surroundings;
  const { sagas } = ledger;
  const { ask, insist } = createAsker('teller', surroundings);
  const ids = new Map<string, string>();
  const signals = new Map<string, string[]>();
  const calledOff = new Set<string>();
  let started = 0;

  const idOf = (name: string): string => ids.get(name) ?? '1';

  const create = async (plan: FlowPlan): Promise<string | undefined> => {
    const { name } = plan;
    const definition = definitionOf(plan, idOf);
    sagas.onFlow(plan, 1);
    const input = { name, description: '', flowType: 'test', createUser: TELLER, definition };
    const made = await insist(`create flow ${name}`, (engine) => engine.flows.create(input));
    ledger.must(made?.kind !== 'invalid', 'no_error', () => `the flow ${definition} is ${JSON.stringify(made)}`);
    // Whoever was not answered asks again, and finds that the name is taken: by himself.
    const found =
      made?.kind === 'created'
        ? made.view.flow.id
        : (await insist(`find flow ${name}`, (engine) => engine.flows.list(ALL)))?.rows.find((row) => row.name === name)
            ?.id;
    if (found !== undefined) {
      ids.set(name, found);
    }
    return found;
  };

  /** Each copy that goes out counts. */
  const wish =
    <Answer>(instance: string, what: Asked, work: (engine: Engine) => Promise<Answer>) =>
    (engine: Engine): Promise<Answer> => {
      sagas.onAsked(instance, what);
      return work(engine);
    };

  const told = (instance: string, answer: CommandResult | undefined): void => {
    if (answer?.kind === 'done') {
      calledOff.add(instance);
    }
  };

  /** Some run of it ended by one of the words that were sent. */
  const hasHeard = (instance: string, step: string): boolean =>
    [...ledger.runs.values()].some(({ id, status, output = '' }) => {
      const { no, step: own } = partsOf(id);
      const isIts = no === sagas.bookOf(instance)?.row.no && own === step;
      return isIts && status === 'succeeded' && (signals.get(`${instance} ${step}`) ?? []).includes(output);
    });

  const wishOf = (request: DeskRequest): Asked => request.action;

  return {
    create,
    idOf: (name: string): string | undefined => ids.get(name),
    /** @returns whether anybody ever said so */
    start: async (instance: string, flow: string, params: JsonObject): Promise<boolean> => {
      started += 1;
      sagas.onStart(instance, params);
      const input = { instance, flow: idOf(flow), params };
      const answer = await insist(`start ${instance}`, (engine) => engine.sagas.start(input));
      const told = answer?.kind === 'started' || answer?.kind === 'known';
      ledger.must(
        !told || sagas.bookOf(instance) !== undefined,
        'nothing_lost',
        () => `${instance} was started and is not there`,
      );
      ledger.must(
        answer === undefined || told || answer.kind === 'flow_not_found' || answer.kind === 'flow_inactive',
        'one_saga',
        () => `${instance} was refused: ${JSON.stringify(answer)}`,
      );
      return told;
    },
    retry: (instance: string) =>
      ask(
        `retry ${instance}`,
        wish(instance, 'retry', (engine) => engine.sagas.retry(instance, TELLER)),
      ),
    /** `leave`: nothing is undone. */
    cancel: async (instance: string, leave = false): Promise<void> => {
      const what = leave ? 'leave' : 'cancel';
      const work = wish(instance, what, (engine) => engine.sagas.cancel(instance, TELLER, leave));
      told(instance, await insist(`${what} ${instance}`, work));
    },
    /** Once. */
    cancelOnce: async (instance: string): Promise<void> => {
      const work = wish(instance, 'cancel', (engine) => engine.sagas.cancel(instance, TELLER, false));
      told(instance, await ask(`cancel ${instance}`, work));
    },
    signal: async (instance: string, step: string, output: Json): Promise<void> => {
      const key = `${instance} ${step}`;
      signals.set(key, [...(signals.get(key) ?? []), JSON.stringify(output)]);
      const answer = await insist(`signal ${key}`, (engine) => engine.sagas.signal(instance, step, output));
      ledger.must(answer !== 'done' || hasHeard(instance, step), 'word_kept', () => `${key} was told and did not hear`);
    },
    /** Transactions whose teller knows that they are called off. */
    calledOff: calledOff as ReadonlySet<string>,
    /** Whether a signal of this output was ever sent. */
    hasSaid: (instance: string, step: string, output: string): boolean =>
      signals.get(`${instance} ${step}`)?.includes(output) ?? false,
    get: (instance: string) =>
      insist(`get ${instance}`, (engine) => engine.sagas.get(instance).then((it) => it ?? 'nobody')),
    /** Once. */
    act: (exception: SagaException, request: DeskRequest) =>
      ask(
        `${request.action} ${exception.instance} ${exception.step}`,
        wish(exception.instance, wishOf(request), (engine) => engine.desk.act(exception.id, request, FIRST)),
      ),
    /** What is proposed by now, if anything. */
    approve: (exception: SagaException, approve: boolean) =>
      ask(`decide ${exception.id}`, async (engine) => {
        const { proposal } = (await engine.desk.get(exception.id)) ?? {};
        return proposal === undefined ? 'nothing' : engine.desk.decide(exception.id, proposal.id, approve, SECOND);
      }),
    handle: (exception: SagaException) =>
      ask(
        `handle ${exception.id}`,
        wish(exception.instance, 'handle', (engine) => engine.desk.handle(exception.id, 'seen', FIRST)),
      ),
    /** Every failure of that transaction, with one word. */
    retryAll: (instance: string) =>
      ask(
        'retry many',
        wish(instance, 'retry', (engine) => {
          const row = sagas.bookOf(instance)?.row;
          const since = row?.createdAt ?? 0;
          return engine.desk.retryMany({ since, errorHas: row?.no ?? '' }, timeline.now(), TELLER, false);
        }),
      ),

    exceptions: () => insist('list exceptions', (engine) => engine.desk.list({ handled: false }, ALL)),
    ask,
    insist,
    /** Transactions that were asked for so far. */
    started: (): number => started,
  };
};
export type Teller = ReturnType<typeof createTeller>;
