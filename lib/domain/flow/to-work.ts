/** Turns a step, or its undo, into what its run is given. */
import { FUNCTION_POOL } from '../fleet/function-pool.ts';
import { parseInstant } from '../instant.ts';
import type { StepStart } from '../saga/decision.ts';
import { configProblems, headerText, MAX_WAIT_MS } from './config.ts';
import type { Json, JsonObject, Work } from './flow.ts';
import { bytesOf, isJsonObject, numberOf } from './json.ts';

export type WorkContext = {
  readonly taskName: string;
  /** Rendered (./render.ts). */
  readonly config: JsonObject;
  /** Of the step: `params[taskName]`, or what a person gave in its place. */
  readonly params: JsonObject;
  /** Id of the run. */
  readonly run: string;
  /** Epoch ms. */
  readonly now: number;
};

export type RunWork = Pick<
  StepStart,
  'payload' | 'handler' | 'pool' | 'executeAt' | 'timeoutMs' | 'waitsUntil' | 'child'
>;
type What = Pick<RunWork, 'payload' | 'handler'> & Partial<RunWork>;

/** A payload is one item of the table, which ends at 400 KB; so much is taken of any other run too. */
const MAX_PAYLOAD_BYTES = 256 * 1024;
/** Of a run that is over as soon as it is executed, or never is. */
const MOMENT_MS = 30_000;
const DEFAULT_POOL = 'default';

const textOf = (value: Json | undefined, otherwise: string): string => (typeof value === 'string' ? value : otherwise);
const objectOf = (value: Json | undefined): JsonObject => (isJsonObject(value) ? value : {});
const isEmpty = (object: JsonObject): boolean => Object.keys(object).length === 0;

/** What the flow fixes goes before what a caller gives: who may start a flow may not make it do something else. */
const bodyOf = ({ body: fixed }: JsonObject, params: JsonObject): Json | undefined => {
  const given = Object.hasOwn(params, 'body') ? params.body : isEmpty(params) ? undefined : params;
  if (fixed === undefined) {
    return given;
  }
  return isJsonObject(fixed) ? { ...objectOf(given), ...fixed } : fixed;
};

type Outgoing = {
  readonly url: string;
  readonly method: string;
  readonly headers: JsonObject;
  readonly body: Json | undefined;
};

/** The receiver tells a repeated request by its key; whoever defines the flow may set another. */
const requestOf = ({ url, method, headers, body }: Outgoing, run: string): What => {
  const isBodiless = method === 'GET' || method === 'HEAD' || body === undefined || body === null;
  const own: JsonObject = {
    'Idempotency-Key': run,
    ...(isBodiless ? {} : { 'content-type': 'application/json' }),
  };
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  const added = Object.entries(own).filter(([name]) => !given.has(name.toLowerCase()));
  return {
    handler: 'http',
    payload: {
      url,
      method,
      headers: { ...Object.fromEntries(added), ...headers },
      ...(isBodiless ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    },
  };
};

const toHttp = ({ config, params, run }: WorkContext): What =>
  requestOf(
    {
      url: textOf(config.url, ''),
      method: textOf(config.method, 'POST').toUpperCase(),
      headers: Object.fromEntries(
        Object.entries(objectOf(config.headers)).map(([name, value]) => [name, headerText(value) ?? '']),
      ),
      body: bodyOf(config, params),
    },
    run,
  );

const toRpc = ({ config, params, run }: WorkContext): What =>
  requestOf(
    {
      url: `http://${textOf(config.service, '')}/rpc`,
      method: 'POST',
      headers: {},
      body: { method: textOf(config.method, ''), params: { ...params, ...objectOf(config.params) } },
    },
    run,
  );

const toQueue = ({ config, params, run }: WorkContext): What => ({
  handler: 'queue',
  payload: { queue: textOf(config.queue, ''), body: { ...params, ...objectOf(config.body) }, run },
});

const toWorker = ({ taskName, config, params }: WorkContext): What => {
  const { handler, pool: _pool, ...rest } = config;
  return { handler: textOf(handler, taskName), payload: { ...params, ...rest } };
};

const toFlow = ({ timeoutMs }: Work, { config, params, now }: WorkContext): What => {
  const flow = textOf(config.flow_id, '');
  return {
    handler: 'flow',
    payload: { flow_id: flow },
    timeoutMs: MOMENT_MS,
    waitsUntil: now + timeoutMs,
    child: { flow, params: { ...params, ...objectOf(config.params) } },
  };
};

/** With an instant it is executed then, by a function that does nothing; without one it waits to be told. */
const toWait = ({ timeoutMs }: Work, { config, now }: WorkContext): What => {
  const seconds = numberOf(config.seconds);
  const until = parseInstant(textOf(config.until, ''));
  const at = seconds === undefined ? until : now + Math.round(seconds * 1_000);
  return {
    handler: 'wait',
    payload: {},
    timeoutMs: MOMENT_MS,
    ...(at === undefined ? { waitsUntil: now + timeoutMs } : { executeAt: Math.max(now, at) }),
  };
};

const whatOf = (work: Work, context: WorkContext): What => {
  switch (work.type) {
    case 'http':
      return toHttp(context);
    case 'rpc':
      return toRpc(context);
    case 'queue':
      return toQueue(context);
    case 'worker':
      return toWorker(context);
    case 'flow':
      return toFlow(work, context);
    case 'wait':
      return toWait(work, context);
  }
};

/** The pool that a configuration, or its type, chooses. */
export const poolOf = ({ type, config }: Pick<Work, 'type' | 'config'>): string =>
  textOf(config.pool, type === 'worker' ? DEFAULT_POOL : FUNCTION_POOL);

/** @returns what to execute, or why it cannot be: the step fails without a run */
export const toWork = (work: Work, context: WorkContext): RunWork | { readonly problem: string } => {
  const { config, now, taskName } = context;
  const problems = configProblems({ type: work.type, config, taskName }, false);
  if (problems.length > 0) {
    return { problem: problems.join('; ') };
  }
  const made: RunWork = {
    ...{ pool: poolOf({ type: work.type, config }), executeAt: now, timeoutMs: work.timeoutMs },
    ...whatOf(work, context),
  };
  const bytes = bytesOf(JSON.stringify(made.child?.params ?? made.payload));
  if (bytes > MAX_PAYLOAD_BYTES) {
    return {
      problem: `Its input has ${bytes} bytes; it may have ${MAX_PAYLOAD_BYTES}: refer to less of the earlier outputs`,
    };
  }
  if (made.executeAt > now + MAX_WAIT_MS) {
    return { problem: 'config.until is more than 366 days ahead' };
  }
  return made;
};
