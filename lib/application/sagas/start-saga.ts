import type { Flow, JsonObject } from '../../domain/flow/flow.ts';
import { isJsonObject } from '../../domain/flow/json.ts';
import { makeRunId } from '../../domain/ids.ts';
import { advance } from '../../domain/saga/advance.ts';
import type { SagaDecision } from '../../domain/saga/decision.ts';
import { newSaga } from '../../domain/saga/new-saga.ts';
import { INLINE_PARAMS_BYTES, isSagaEnded, type Saga } from '../../domain/saga/saga.ts';
import { arm } from '../alarms/arm.ts';
import type { Ports } from '../ports/index.ts';
import type { AdvanceSaga } from './advance-saga.ts';
import type { Flows, StartResult } from './api.ts';
import { type CarryOut, PAYLOAD_KEPT_MS } from './carry-out.ts';
import { fingerprintOf } from './fingerprint.ts';
import { createDrawId } from './read-view.ts';

export type StartInput = {
  readonly instance: string;
  readonly flow: string;
  readonly params: JsonObject;
  /** Transactions above it. */
  readonly depth: number;
};

export type StartSaga = (input: StartInput) => Promise<StartResult>;

type Held = { readonly no: string; readonly fingerprint: string };
type Tools = {
  readonly flows: Pick<Flows, 'load'>;
  readonly carryOut: CarryOut;
  readonly decide: AdvanceSaga['decide'];
  readonly holding: AdvanceSaga['holding'];
};

/** Draws of a number before we give up: each collides with a chance of 1 in 4,096 per transaction of the same millisecond. */
const DRAWS = 8;
/** They lie beside the row, and DynamoDB takes items of 400 KB. */
const MOST_PARAMS_BYTES = 256 * 1024;

const problemsOf = ({ steps }: Flow, params: JsonObject, text: string): readonly string[] => {
  const named = [...new Set(steps.map(({ taskName }) => taskName))].filter((name) => Object.hasOwn(params, name));
  const odd = named.filter((name) => !isJsonObject(params[name]));
  return [
    ...odd.map((name) => `params.${name} must be an object: it holds the parameters of the task ${name}`),
    ...(Buffer.byteLength(text) > MOST_PARAMS_BYTES ? ['params must take no more than 256 KB'] : []),
  ];
};

/** Starts a transaction, once for each instance: whoever asks again meets the first. */
export const createStartSaga = (ports: Ports, tools: Tools): StartSaga => {
  const { sagas, data, settings, now, chance } = ports;
  const { carryOut } = tools;

  const known = async ({ flow, params }: StartInput, held: Held): Promise<StartResult> => {
    const saga = await sagas.get(held.no, 'consistent');
    if (saga === undefined) {
      return { kind: 'forgotten' };
    }
    if (held.fingerprint === fingerprintOf(flow, params)) {
      return { kind: 'known', saga };
    }
    const isOther = saga.flow !== flow;
    const haveOtherParams = held.fingerprint !== fingerprintOf(saga.flow, params);
    return {
      kind: 'different',
      differs: [...(isOther ? (['flow_id'] as const) : []), ...(haveOtherParams ? (['params'] as const) : [])],
    };
  };

  const firstDecision = (saga: Saga, flow: Flow, params: JsonObject): SagaDecision =>
    advance({
      ...{ flow, saga, params, runs: new Map(), complete: true, outputs: {} },
      now: now(),
      drawId: createDrawId(now, chance),
    });

  /** The row as it is written first. Where a step fails at once, nothing has begun in it: an exception needs a row to be of. */
  const firstRow = (fresh: Saga, decision: SagaDecision): Saga => {
    const { endedAt, ...next } = decision.exceptions.length > 0 ? fresh : decision.next;
    const isOver = isSagaEnded(next);
    return {
      ...next,
      version: fresh.version,
      g: fresh.g,
      wakeAt: fresh.wakeAt,
      ...(isOver ? { endedAt: endedAt ?? now(), expiresAt: now() + settings.retentionMs } : {}),
    };
  };

  const begin = async (row: Saga, decision: SagaDecision): Promise<void> => {
    if (decision.exceptions.length === 0) {
      await carryOut.effects(row, decision);
      return;
    }
    await tools.decide(row.no, advance);
  };

  const create = async (input: StartInput, flow: Flow, text: string): Promise<StartResult> => {
    const { instance, params, depth } = input;
    const isInline = Buffer.byteLength(text) <= INLINE_PARAMS_BYTES;
    const fingerprint = fingerprintOf(flow.id, params);
    for (let draw = 0; draw < DRAWS; draw += 1) {
      const no = makeRunId(now(), chance());
      if (!isInline && (await data.putPayload(no, text, now() + PAYLOAD_KEPT_MS)) === 'taken') {
        continue;
      }
      const inline = isInline ? { params: text } : {};
      const fresh = newSaga({ ...{ no, instance, flow, fingerprint, depth, now: now() }, ...inline });
      const decision = firstDecision(fresh, flow, params);
      const row = firstRow(fresh, decision);
      const nonce = await arm(ports, { kind: 'saga', id: no }, row.g, row.wakeAt);
      const created = await sagas.create(row, nonce);
      if (created.kind === 'taken') {
        return known(input, created);
      }
      if (created.kind === 'created') {
        await tools.holding(no, () => begin(row, decision));
        return { kind: 'started', saga: row };
      }
    }
    throw new Error(`Transaction ${instance} was not created in ${DRAWS} draws of a number`);
  };

  return async (input) => {
    // One that it does not show yet is in the way of the write.
    const held = await sagas.find(input.instance, 'eventual');
    if (held !== undefined) {
      return known(input, held);
    }
    const row = await ports.flows.get(input.flow);
    if (row === undefined || row.deletedAt !== undefined) {
      return { kind: 'flow_not_found' };
    }
    if (!row.active) {
      return { kind: 'flow_inactive' };
    }
    const flow = await tools.flows.load(row.id, row.latest);
    if (flow === undefined) {
      throw new Error(`Version ${row.latest} of flow ${row.id} is not there`);
    }
    const text = JSON.stringify(input.params);
    const problems = problemsOf(flow, input.params, text);
    // A version is remembered with the name that the flow had then.
    return problems.length > 0 ? { kind: 'bad_params', problems } : create(input, { ...flow, name: row.name }, text);
  };
};
