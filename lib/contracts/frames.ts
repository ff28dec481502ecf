/**
 * The wire between a worker and the control plane: every WebSocket frame, both directions.
 *
 * A frame is one JSON object in one text message, told apart by `type`. Two frames are all that a short run
 * costs: `run` out and `result` back. There is no acknowledgement frame: a lost `run` and a lost `result` are both
 * repaired by pushing the run again with the same attempt (rule R4), which the worker answers with what it knows (K2).
 *
 * Times are epoch milliseconds (`…At`, `notBefore`) or durations in milliseconds (`…Ms`). Instants that a worker sends
 * are already corrected to the server's clock (see `at` in `welcome`).
 */
import * as z from 'zod';
import {
  MAX_ATTEMPT_REFS,
  MAX_CATEGORIES,
  MAX_ERROR_CHARS,
  MAX_HANDLERS,
  MAX_LABELS,
  MAX_LOG_CHARS,
  MAX_LOG_PIECE_CHARS,
  MAX_OUTPUT_CHARS,
  MAX_OUTPUT_PIECES,
  MAX_RUNS_PER_FRAME,
  MAX_SLOTS,
} from './limits.ts';

const count = z.int().min(0);
const runId = z.string().min(1).max(128);
const attempt = z.int().min(1);

/** What a session id, pool, handler or tag may look like: it becomes part of a key, a log line and a metric label. */
export const nameSchema = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
/** A handler's name: any printable text of 1–50 code points, as API D's `task_type` allows. */
export const handlerNameSchema = z.string().refine((name) => {
  const length = [...name].length;
  return length >= 1 && length <= 50;
}, 'a handler name has 1 to 50 characters');

/** What a worker's id looks like, over HTTP and on the wire: it becomes part of a key and a path. */
export const workerIdSchema = z.string().regex(/^[A-Za-z0-9._-]{1,128}$/);
/** A category's code: any printable text of 1–128 characters that does not begin with a digit. */
export const categoryCodeSchema = z.string().regex(/^[^\d\p{C}][^\p{C}]{0,127}$/u);

/** (run, attempt): what a worker holds. The attempt is the fencing token; a frame with an older one is stale. */
export const attemptRefSchema = z.tuple([runId, attempt]);
export type AttemptRef = z.infer<typeof attemptRefSchema>;

/** The worker's own account of its slots (rules C2, C3). The server never computes it, only orders it by `rep`. */
const report = {
  /** Grows by one with every report of the session, so that an overtaken one is ignored. */
  rep: count,
  /** Highest `seq` received. */
  seen: count,
  /** `seen + max − inFlight − gaps`: the seq up to which the server may push. May lie below `seen` (slots were cut). */
  limit: z.int(),
};

const envelope = { session: nameSchema, pool: nameSchema };

export const runResultSchema = z.object({
  run: runId,
  attempt,
  outcome: z.enum(['succeeded', 'failed', 'timed_out', 'cancelled']),
  /** Why it failed, where the worker knows: `no_handler` and `refused` mean that the handler never began. */
  reason: z
    .enum(['handler_failed', 'no_handler', 'refused', 'bad_payload', 'payload_unavailable', 'output_not_stored'])
    .optional(),
  exitCode: z.int().optional(),
  signal: z.string().max(16).optional(),
  output: z.string().max(MAX_OUTPUT_CHARS).optional(),
  /** The output was too long and went to `outputPath` before, in so many pieces; `output` is absent then. */
  outputPieces: z.int().min(1).max(MAX_OUTPUT_PIECES).optional(),
  error: z.string().max(MAX_ERROR_CHARS).optional(),
  log: z.string().max(MAX_LOG_CHARS).optional(),
  startedAt: count,
  durationMs: z.number().min(0),
});
export type RunResult = z.infer<typeof runResultSchema>;

export const helloFrame = z.object({
  type: z.literal('hello'),
  ...envelope,
  ...report,
  name: nameSchema,
  maxTasks: z.int().min(1).max(MAX_SLOTS),
  handlers: z.array(handlerNameSchema).max(MAX_HANDLERS),
  tags: z.array(nameSchema).max(32),
  /** Id of the registered worker that it is; absent, its name is its id. */
  worker: workerIdSchema.optional(),
  labels: z
    .record(nameSchema, z.string().max(64))
    .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `at most ${MAX_LABELS} labels`)
    .optional(),
  /** Codes of the categories that it serves; absent: all. */
  categories: z.array(categoryCodeSchema).max(MAX_CATEGORIES).optional(),
  /** The session that this one follows in the same process (after `gone`): it ends at once, `list` is adopted (S2). */
  replaces: nameSchema.optional(),
  list: z.array(attemptRefSchema).max(MAX_ATTEMPT_REFS),
});

export const resumeFrame = z.object({
  type: z.literal('resume'),
  ...envelope,
  ...report,
  /** Connection epoch: the socket of `hello` is 1, each later one is the next, and an older never takes over again (S2). */
  epoch: z.int().min(2),
  list: z.array(attemptRefSchema).max(MAX_ATTEMPT_REFS),
});

export const heartbeatFrame = z.object({
  type: z.literal('heartbeat'),
  ...envelope,
  ...report,
  /** Every attempt the worker holds, queued or executing. One that is missing here is pushed again (S5). */
  list: z.array(attemptRefSchema).max(MAX_ATTEMPT_REFS),
});

export const startedFrame = z.object({
  type: z.literal('started'),
  ...envelope,
  runs: z
    .array(z.object({ run: runId, attempt, startedAt: count }))
    .min(1)
    .max(MAX_RUNS_PER_FRAME),
});

export const progressFrame = z.object({
  type: z.literal('progress'),
  ...envelope,
  run: runId,
  attempt,
  percent: z.number().min(0).max(100),
  note: z.string().max(256).optional(),
});

/** What a run that lives longer than 2 s has written so far, a piece at a time. `from` counts the UTF-8 bytes before it. */
export const logFrame = z.object({
  type: z.literal('log'),
  ...envelope,
  run: runId,
  attempt,
  from: count,
  text: z.string().min(1).max(MAX_LOG_PIECE_CHARS),
});

export const resultFrame = z.object({
  type: z.literal('result'),
  ...envelope,
  ...report,
  results: z.array(runResultSchema).min(1).max(MAX_RUNS_PER_FRAME),
});

/** A drained worker leaves: its session closes now instead of after 45 s of silence. */
export const goodbyeFrame = z.object({ type: z.literal('goodbye'), ...envelope });

export const workerFrame = z.discriminatedUnion('type', [
  helloFrame,
  resumeFrame,
  heartbeatFrame,
  startedFrame,
  progressFrame,
  logFrame,
  resultFrame,
  goodbyeFrame,
]);
export type WorkerFrame = z.infer<typeof workerFrame>;
export type WorkerFrameOf<T extends WorkerFrame['type']> = Extract<WorkerFrame, { type: T }>;

/** A run as its worker is told of it. */
export const runOrderSchema = z.object({
  /** Position in the session's count of pushes (C1). A redelivery carries the first push's; 0 = outside the count. */
  seq: z.int().min(0),
  run: runId,
  attempt,
  handler: handlerNameSchema,
  /** The payload as JSON text. Absent when it is too large for a frame: then `payloadPath` is to be fetched. */
  payload: z.string().optional(),
  /** Path on the HTTP API, GET with the worker's key. */
  payloadPath: z.string().optional(),
  /** The worker holds the run until this instant, to the millisecond. */
  notBefore: count,
  timeoutMs: z.int().min(1),
  maxTries: z.int().min(1),
  /** How often it was tried before this attempt. */
  tries: count,
  /** The instant that it is the occurrence of, where it is one: unlike `notBefore`, the same for every attempt. */
  scheduledAt: count.optional(),
  /** Its category, whose `setup` has to have succeeded on the worker. */
  category: categoryCodeSchema.optional(),
  /** Its place among the runs of a broadcast. */
  shard: z.object({ index: count, total: z.int().min(1) }).optional(),
  /** What it writes is kept, and is to be sent while it runs, as `log`. Absent: neither its output nor its log is kept. */
  stream: z.literal(true).optional(),
  /** Path on the HTTP API, PUT with the worker's key, for an output too long for a result. Absent: such a one is cut. */
  outputPath: z.string().optional(),
});
export type RunOrder = z.infer<typeof runOrderSchema>;

/** `at` is the server's clock when the frame was made: with the round trip it gives the worker its clock offset. */
const welcomeFrame = z.object({
  type: z.literal('welcome'),
  session: nameSchema,
  at: count,
  heartbeatMs: z.int().min(1),
  /** What a person set for this worker: it goes before what the worker was started with. */
  maxTasks: z.int().min(1).max(MAX_SLOTS).optional(),
  /** Of the categories that it serves, those that have scripts: to be checked and set up before their first run. */
  categories: z
    .array(z.object({ code: categoryCodeSchema, check: z.string(), setup: z.string(), teardown: z.string() }))
    .optional(),
});
/** A person changed how many runs the worker takes at a time. */
const configureFrame = z.object({
  type: z.literal('configure'),
  session: nameSchema,
  maxTasks: z.int().min(1).max(MAX_SLOTS),
});
/** `epoch` is that of the `resume` it answers: an answer that was made before the worker slept proves nothing (rule K4). */
const resumedFrame = z.object({ type: z.literal('resumed'), session: nameSchema, at: count, epoch: count });
/** The session is over: say `hello` under a new id. */
const goneFrame = z.object({ type: z.literal('gone'), session: nameSchema });
const runFrame = z.object({
  type: z.literal('run'),
  session: nameSchema,
  at: count,
  runs: z.array(runOrderSchema).min(1),
});
const cancelFrame = z.object({
  type: z.literal('cancel'),
  session: nameSchema,
  run: runId,
  attempt,
  /** Time between SIGTERM and SIGKILL. */
  graceMs: count,
});
/** Pushes up to `q` were made; those not received are lost for good: void them and report (rule C6). */
const syncFrame = z.object({ type: z.literal('sync'), session: nameSchema, q: count });
/** These results came too late or twice: recorded, nothing changed, no need to keep them. */
const staleFrame = z.object({
  type: z.literal('stale'),
  session: nameSchema,
  attempts: z.array(attemptRefSchema).min(1),
});

export const FRAME_ERROR_CODES = ['not_json', 'too_large', 'unknown_type', 'invalid', 'refused', 'internal'] as const;
/** The frame was not understood, or is not the worker's to say. The socket stays; the third within a minute closes it. */
const errorFrame = z.object({ type: z.literal('error'), code: z.enum(FRAME_ERROR_CODES), message: z.string() });

export const serverFrame = z.discriminatedUnion('type', [
  welcomeFrame,
  configureFrame,
  resumedFrame,
  goneFrame,
  runFrame,
  cancelFrame,
  syncFrame,
  staleFrame,
  errorFrame,
]);
export type ServerFrame = z.infer<typeof serverFrame>;
export type ServerFrameOf<T extends ServerFrame['type']> = Extract<ServerFrame, { type: T }>;
