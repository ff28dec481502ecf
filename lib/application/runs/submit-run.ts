import { createHash } from 'node:crypto';
import { makeRunId } from '../../domain/ids.ts';
import type { Run } from '../../domain/run.ts';
import {
  INLINE_PAYLOAD_BYTES,
  isDue,
  type RunRequest,
  submitDue,
  submitLater,
  submitWaiting,
} from '../../domain/run-decisions.ts';
import { arm } from '../alarms/arm.ts';
import type { Engine, Idempotency, RunView, SubmitInput, SubmitResult } from '../api.ts';
import type { FindCredit } from '../dispatch/find-credit.ts';
import type { OfferRun } from '../dispatch/offer-run.ts';
import { pickShard } from '../dispatch/pick-shard.ts';
import type { Push } from '../dispatch/push.ts';
import type { Ports } from '../ports/index.ts';
import type { ViewRun } from './view-run.ts';

/** An `Idempotency-Key` is kept this long. */
const KEY_MS = 24 * 60 * 60_000;
/** A payload beside its row outlives every wait that its run may have; the run is not looked up to extend it. */
const PAYLOAD_KEPT_MS = 400 * 24 * 60 * 60_000;
/** Draws of a run id before we give up: each collides with a chance of 1 in 4,096 per run of the same millisecond. */
const ID_DRAWS = 8;
/** A voided creation is tried again once: its alarm was 90 s late or this process was frozen for as long. */
const CREATIONS = 2;

/** Hashed: a caller's key may be as long and as odd as it likes, and may be secret. */
const storedKey = ({ caller, key }: Idempotency): string =>
  createHash('sha256')
    .update(JSON.stringify([caller, key]))
    .digest('base64url');

/** What a key stands for. A key whose run was never written is free: its first user crashed in between. */
export const createFindSubmitted =
  ({ idempotency, runs, now }: Ports, viewRun: ViewRun): Engine['findSubmitted'] =>
  async (asked) => {
    const key = storedKey(asked);
    const held = await idempotency.find(key, now());
    if (held === undefined) {
      return { kind: 'unknown' };
    }
    if (held.fingerprint !== asked.fingerprint) {
      return { kind: 'key_reused' };
    }
    const run = await runs.get(held.run, 'consistent');
    return run?.keyed === key ? { kind: 'replayed', run: await viewRun(run) } : { kind: 'unknown' };
  };

type Outcome = { readonly kind: 'created'; readonly run: Run } | { readonly kind: 'exists'; readonly run: Run };

type Tools = {
  readonly findCredit: FindCredit;
  readonly push: Push;
  readonly offerRun: OfferRun;
  readonly viewRun: ViewRun;
};

/**
 * Creates a run. Due now: with credit at hand it is born `dispatched` and pushed in the same breath (rule D1), else it
 * waits in the ready index (rule D3). Due later: an alarm brings it back.
 */
export const createSubmitRun = (ports: Ports, tools: Tools): Engine['submitRun'] => {
  const { runs, data, sessions, idempotency, settings, now, chance } = ports;

  /** Arms, then creates (rule A1). A void row means that the alarm gave up first: once more with a new one (rule A5). */
  const armAndCreate = async (build: () => Run): Promise<Outcome> => {
    for (let creation = 0; creation < CREATIONS; creation += 1) {
      const run = build();
      const nonce = await arm(ports, { kind: 'run', id: run.id }, run.g, run.wakeAt);
      const created = await runs.create(run, nonce);
      if (created.kind !== 'voided') {
        return created.kind === 'created' ? { kind: 'created', run } : created;
      }
    }
    throw new Error('The run was not created: its alarm gave up twice before the row was written');
  };

  const createNow = async (request: RunRequest, payload: string): Promise<Outcome> => {
    // The cheap reading: credit that is gone fails its condition, credit that it misses is found by the second look.
    const credit = await tools.findCredit(request, 'two', 'eventual');
    if (credit !== undefined) {
      const outcome = await armAndCreate(() => submitDue(request, credit.grant, now()));
      if (outcome.kind === 'created') {
        await tools.push(credit.session, [{ run: outcome.run, payload }]);
      } else {
        await sessions.giveBack(credit.session, 1);
      }
      return outcome;
    }
    const readyShard = pickShard(settings.shards(request.pool).ready, chance);
    const outcome = await armAndCreate(() => submitWaiting(request, readyShard, now()));
    if (outcome.kind === 'created') {
      const { run } = outcome;
      // Write, then look (rule D3): a slot that was reported between our first look and the write is found here.
      await tools.offerRun({ ...run, readyAt: run.createdAt }, { scope: 'two', reading: 'consistent', payload });
    }
    return outcome;
  };

  const create = (request: RunRequest, payload: string): Promise<Outcome> =>
    isDue(request.executeAt, now()) ? createNow(request, payload) : armAndCreate(() => submitLater(request, now()));

  const toRequest = async (input: SubmitInput, id: string, keyed: string | undefined): Promise<RunRequest> => {
    const { handler, pool, priority, executeAt, maxTries, timeoutMs, payload } = input;
    const payloadBytes = Buffer.byteLength(payload);
    const inline = payloadBytes <= INLINE_PAYLOAD_BYTES;
    if (!inline) {
      await data.putPayload(id, payload, Math.max(executeAt, now()) + PAYLOAD_KEPT_MS);
    }
    return {
      id,
      handler,
      pool,
      priority,
      executeAt: Math.max(executeAt, now()),
      maxTries,
      timeoutMs,
      payloadBytes,
      ...(inline ? { payload } : {}),
      ...(keyed === undefined ? {} : { keyed }),
    };
  };

  const asCreated = (run: Run, payload: string): RunView => ({ ...run, payload });

  const submitPlain = async (input: SubmitInput): Promise<SubmitResult> => {
    for (let draw = 0; draw < ID_DRAWS; draw += 1) {
      const id = makeRunId(now(), chance());
      const outcome = await create(await toRequest(input, id, undefined), input.payload);
      if (outcome.kind === 'created') {
        return { kind: 'created', run: asCreated(outcome.run, input.payload) };
      }
    }
    throw new Error(`No free run id in ${ID_DRAWS} draws`);
  };

  const submitKeyed = async (input: SubmitInput, asked: Idempotency): Promise<SubmitResult> => {
    const key = storedKey(asked);
    let replacing: string | undefined;
    for (let draw = 0; draw < ID_DRAWS; draw += 1) {
      const drawn = { run: makeRunId(now(), chance()), fingerprint: asked.fingerprint };
      const times = { now: now(), expiresAt: now() + KEY_MS };
      const reserved = await idempotency.reserve(key, drawn, times, replacing);
      const held = reserved.kind === 'reserved' ? drawn : reserved.by;
      if (held.fingerprint !== asked.fingerprint) {
        return { kind: 'key_reused' };
      }
      // Whoever holds the key's run id may create it: the first crashed between key and run, or is at it right now.
      const existing = reserved.kind === 'taken' ? await runs.get(held.run, 'consistent') : undefined;
      const outcome: Outcome =
        existing === undefined
          ? await create(await toRequest(input, held.run, key), input.payload)
          : { kind: 'exists', run: existing };
      if (outcome.kind === 'created') {
        return { kind: 'created', run: asCreated(outcome.run, input.payload) };
      }
      if (outcome.run.keyed === key) {
        return { kind: 'replayed', run: await tools.viewRun(outcome.run) };
      }
      replacing = held.run;
    }
    throw new Error(`No free run id in ${ID_DRAWS} draws`);
  };

  return (input) => (input.idempotency === undefined ? submitPlain(input) : submitKeyed(input, input.idempotency));
};
