/**
 * What each function reads from its environment. The infrastructure gives exactly these names, typed from the same
 * schemas, so a variable cannot be missing, misspelt or left over.
 */
import * as z from 'zod';
import { nameSchema } from '../../contracts/frames.ts';
import { issuerSchema } from '../../contracts/issuer.ts';

const jsonOf = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

const common = {
  STAGE: z.string().min(1),
  LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
};

/** Where workers connect: the address of a custom domain, else the one that answers are posted to. */
export const webSocketUrlOf = (env: {
  readonly WEBSOCKET_URL?: string | undefined;
  readonly CONNECTIONS_URL: string;
}) => env.WEBSOCKET_URL ?? env.CONNECTIONS_URL.replace(/^http/, 'ws');

/**
 * Shards per pool, where a pool has more than one: `{"default":{"sessions":4,"ready":4}}`. One shard carries about
 * 1,000 writes/s (the limit of one DynamoDB partition).
 */
export const poolShardsSchema = z.record(
  nameSchema,
  z.object({ sessions: z.int().min(1).max(64).default(1), ready: z.int().min(1).max(64).default(1) }),
);

/** Who a caller is (users, logins, keys), the audit log; jobs, workers and categories. */
const definitions = {
  DEFINITIONS_TABLE: z.string().min(1),
};

const engine = {
  ...common,
  ...definitions,
  TABLE_NAME: z.string().min(1),
  ALARM_QUEUE_URL: z.string().min(1),
  ALARM_QUEUE_ARN: z.string().min(1),
  /** Runs for the function that executes those of the pool without workers. */
  FUNCTION_QUEUE_URL: z.string().min(1),
  SCHEDULE_GROUP: z.string().min(1),
  SCHEDULE_ROLE_ARN: z.string().min(1),
  SCHEDULE_DLQ_ARN: z.string().min(1),
  /** Management endpoint of the WebSocket stage, `https://…/stage`. */
  CONNECTIONS_URL: z.string().min(1),
  POOL_SHARDS: jsonOf(poolShardsSchema).default({}),
  /** Finished runs are kept this many days. */
  RUN_RETENTION_DAYS: z.coerce.number().int().min(1).max(3650).default(30),
  /** A run that has waited this long for a worker goes before every class of priority. */
  PRIORITY_AGEING_SECONDS: z.coerce.number().int().min(1).default(600),
};

/** Taking requests with tokens. */
const http = {
  ...definitions,
  TOKEN_ISSUERS: jsonOf(z.array(issuerSchema)).default([]),
  /** Requests of one principal: so many a second over time, so many at once. */
  THROTTLE_RATE: z.coerce.number().min(1),
  THROTTLE_BURST: z.coerce.number().int().min(1),
};

export const httpEnvSchema = z.object({
  ...engine,
  ...http,
  /** Where workers connect, if that is not the address of CONNECTIONS_URL: a custom domain's. */
  WEBSOCKET_URL: z.string().min(1).optional(),
  /** API groups served without a token, comma-separated; empty by default: deployed, a group stays shut. */
  OPEN_GROUPS: z
    .string()
    .default('')
    .transform((text) => text.split(',').filter((group) => group !== '')),
  /** Whether `/metrics` takes a credential. */
  CLOSED_METRICS: z.stringbool().default(false),
});
export const identityEnvSchema = z
  .object({
    ...common,
    ...http,
    /** The executions table: it holds the throttles. */
    TABLE_NAME: z.string().min(1),
    /** ARNs of the KMS keys whose public halves are published, comma-separated; the first one signs. `local`: a key of this process. */
    TOKEN_KEYS: z.string().min(1),
    /** The secret with `username`, `password` and `email` of the first admin. */
    ADMIN_SECRET_ARN: z.string().min(1).optional(),
    CRONSAGA_ADMIN_USERNAME: z.string().min(1).optional(),
    CRONSAGA_ADMIN_PASSWORD: z.string().min(1).optional(),
    CRONSAGA_ADMIN_EMAIL: z.string().min(1).optional(),
  })
  .refine(({ TOKEN_KEYS, STAGE }) => TOKEN_KEYS !== 'local' || STAGE === 'local', {
    path: ['TOKEN_KEYS'],
    message: 'a key of the process is for the local stage only',
  });
export const docsEnvSchema = z.object({ ...common });
export const connectEnvSchema = z.object({ ...common, ...definitions, TABLE_NAME: z.string().min(1) });
/** Of whatever runs the engine and takes no requests: workers' frames, alarms, the reconciler. */
export const engineEnvSchema = z.object(engine);
/** Of what executes runs without a worker. */
export const executeEnvSchema = z.object({
  ...engine,
  /** Addresses of the queues that steps of flows may send to, by their names. */
  STEP_QUEUES: jsonOf(z.record(nameSchema, z.string().min(1))).default({}),
});
export const countsEnvSchema = z.object({ ...common, TABLE_NAME: z.string().min(1) });

export type EngineEnv = z.infer<typeof engineEnvSchema>;
export type ExecuteEnv = z.infer<typeof executeEnvSchema>;
export type HttpEnv = z.infer<typeof httpEnvSchema>;
export type IdentityEnv = z.infer<typeof identityEnvSchema>;
export type ConnectEnv = z.infer<typeof connectEnvSchema>;

/** What the infrastructure has to pass for a schema: one string per variable, optional where it has a default. */
export type EnvironmentOf<T extends z.ZodType> = { readonly [K in keyof z.input<T>]: string };
