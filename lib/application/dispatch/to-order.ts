import type { RunOrder } from '../../contracts/frames.ts';
import { MAX_INLINE_PAYLOAD_BYTES } from '../../contracts/limits.ts';
import { parseJobRunId, runFamily } from '../../domain/ids.ts';
import { keepsOutput, type Run } from '../../domain/run.ts';
import type { PayloadOf } from '../runs/payload-of.ts';

/** A claimed run to be handed to its worker; `payload` where the caller has it at hand and it is not on the row. */
export type Delivery = { readonly run: Run; readonly payload?: string };

export type ToOrder = (delivery: Delivery) => Promise<RunOrder>;

/** Path under which a worker fetches a payload that is too large for a frame. */
const payloadPath = (run: string): string => `/api/runs/${encodeURIComponent(run)}/payload`;

/** Path to which a worker brings an output of a step's run that is too long for a result. */
const outputPath = ({ id, attempt }: Run): string => `/api/runs/${encodeURIComponent(id)}/output?attempt=${attempt}`;

/** The occurrence that a run is of; none for what a person started or submitted. */
const occurrenceOf = ({ id, trigger }: Run): number | undefined =>
  trigger === 'schedule' || trigger === 'backfill' ? parseJobRunId(id)?.instant : undefined;

/** What a worker is told of a run. */
export const createToOrder =
  (payloadOf: PayloadOf): ToOrder =>
  async ({ run, payload }) => {
    const scheduledAt = occurrenceOf(run);
    const category = run.needs?.category;
    const order = {
      seq: run.seq ?? 0,
      run: run.id,
      attempt: run.attempt,
      handler: run.handler,
      notBefore: run.dueAt,
      timeoutMs: run.timeoutMs,
      maxTries: run.maxTries,
      tries: run.tries,
      ...(scheduledAt === undefined ? {} : { scheduledAt }),
      ...(category === undefined ? {} : { category }),
      ...(run.broadcast === undefined ? {} : { shard: run.broadcast }),
      ...(keepsOutput(run) ? { stream: true as const } : {}),
      ...(runFamily(run.id) === 'step' ? { outputPath: outputPath(run) } : {}),
    };
    const byPath = { ...order, payloadPath: payloadPath(run.id) };
    if (run.payloadBytes > MAX_INLINE_PAYLOAD_BYTES) {
      return byPath;
    }
    const text = payload ?? (await payloadOf(run));
    // JSON in JSON: every quote in it takes a backslash, which can double its size.
    const fits = text !== undefined && Buffer.byteLength(JSON.stringify(text)) <= MAX_INLINE_PAYLOAD_BYTES;
    return fits ? { ...order, payload: text } : byPath;
  };
