import { createHash } from 'node:crypto';
import { makeRunId } from '../../domain/ids.ts';
import type { Run } from '../../domain/run.ts';
import { INLINE_PAYLOAD_BYTES, type RunRequest } from '../../domain/run-decisions.ts';
import type { Engine, Idempotency, RunView, SubmitInput, SubmitResult } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import type { CreateRun, RunCreation } from './create-run.ts';
import type { ViewRun } from './view-run.ts';

/** An `Idempotency-Key` is kept this long. */
const KEY_MS = 24 * 60 * 60_000;
/** A payload beside its row outlives every wait that its run may have; the run is not looked up to extend it. */
const PAYLOAD_KEPT_MS = 400 * 24 * 60 * 60_000;
/** Draws of a run id before we give up: each collides with a chance of 1 in 4,096 per run of the same millisecond. */
const ID_DRAWS = 8;

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

type Tools = { readonly createRun: CreateRun; readonly viewRun: ViewRun };

/** Creates a run for somebody who asks for it: under a new id, or under the one that the caller's key stands for. */
export const createSubmitRun = (ports: Ports, tools: Tools): Engine['submitRun'] => {
  const { runs, data, idempotency, now, chance } = ports;

  /** Undefined: another's payload lies under this id, so it is another's. */
  const toRequest = async (
    input: SubmitInput,
    id: string,
    keyed: string | undefined,
  ): Promise<RunRequest | undefined> => {
    const { payload, executeAt, idempotency: _asked, ...asked } = input;
    const payloadBytes = Buffer.byteLength(payload);
    const inline = payloadBytes <= INLINE_PAYLOAD_BYTES;
    const keptUntil = Math.max(executeAt, now()) + PAYLOAD_KEPT_MS;
    if (!inline && (await data.putPayload(id, payload, keptUntil)) === 'taken') {
      return undefined;
    }
    return {
      ...asked,
      id,
      executeAt: Math.max(executeAt, now()),
      payloadBytes,
      ...(inline ? { payload } : {}),
      ...(keyed === undefined ? {} : { keyed }),
    };
  };

  const asCreated = (run: Run, payload: string): RunView => ({ ...run, payload });

  const submitPlain = async (input: SubmitInput): Promise<SubmitResult> => {
    for (let draw = 0; draw < ID_DRAWS; draw += 1) {
      const request = await toRequest(input, makeRunId(now(), chance()), undefined);
      const outcome = request && (await tools.createRun(request, input.payload));
      if (outcome?.kind === 'created') {
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
      const request = existing === undefined ? await toRequest(input, held.run, key) : undefined;
      const outcome: RunCreation | undefined =
        existing === undefined
          ? request && (await tools.createRun(request, input.payload))
          : { kind: 'exists', run: existing };
      if (outcome?.kind === 'created') {
        return { kind: 'created', run: asCreated(outcome.run, input.payload) };
      }
      if (outcome?.run.keyed === key) {
        return { kind: 'replayed', run: await tools.viewRun(outcome.run) };
      }
      replacing = held.run;
    }
    throw new Error(`No free run id in ${ID_DRAWS} draws`);
  };

  return (input) => (input.idempotency === undefined ? submitPlain(input) : submitKeyed(input, input.idempotency));
};
