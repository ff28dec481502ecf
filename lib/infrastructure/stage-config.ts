/**
 * What differs between one deployment and another. `cdk.json` holds one object per stage under `context.stages`;
 * everything has a default, and a mistake fails the synth with every issue at once.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { RetentionDays } from 'aws-cdk-lib/aws-logs';
import * as z from 'zod';
import { nameSchema } from '../contracts/frames.ts';
import { OPENABLE_GROUPS } from '../contracts/http/operation.ts';
import { issuerSchema } from '../contracts/issuer.ts';
import { poolShardsSchema } from '../platform/env/schemas.ts';

/** CloudWatch Logs keeps events for one of these periods only; "never expire" is left out because it never stops costing. */
const logRetentionPeriods = Object.values(RetentionDays).filter(
  (days): days is RetentionDays => typeof days === 'number' && days !== RetentionDays.INFINITE,
);

const throttleSchema = z.strictObject({
  /** Requests per second over time; above it the API answers 429. */
  ratePerSecond: z.int().min(1).max(100_000),
  /** Requests that may arrive at once. */
  burst: z.int().min(1).max(100_000),
});

/** As a browser sends it in `Origin`: no path, no trailing slash, no default port, nothing in capitals; and no wildcard. */
const isOrigin = (text: string): boolean => {
  const url = URL.parse(text);
  const secure = url?.protocol === 'https:' || (url?.protocol === 'http:' && url.hostname === 'localhost');
  return secure && url.origin === text && /^[a-z0-9.-]+$/.test(url.hostname);
};

/** A function's environment holds 4 KB in all, of which its other variables take less than half. */
const MAX_ISSUERS_BYTES = 2_000;

/** Their names and addresses are one variable of the function that sends to them. */
const MAX_STEP_QUEUES = 10;

const distinct = (values: readonly string[]): boolean => new Set(values).size === values.length;

const stageConfigSchema = z.strictObject({
  /** Absent: the account and Region of the credentials that deploy. */
  account: z
    .string()
    .regex(/^\d{12}$/, 'an account is 12 digits')
    .optional(),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'a Region looks like eu-central-1')
    .optional(),
  /** `retain` keeps the tables, the token keys, the first password and the logs, and guards the stacks that hold or change data. */
  removal: z.enum(['retain', 'destroy']).default('retain'),
  /**
   * API groups that answer without a token: those whose documents know no authentication. Whoever reaches an open group D
   * or E can run commands on the workers.
   */
  openGroups: z.array(z.enum(OPENABLE_GROUPS, `only ${OPENABLE_GROUPS.join(', ')} can be open`)).default([]),
  /** Whether `/metrics` takes a credential (scope `workers:read`): else whoever reaches the API can read how much it does. */
  closedMetrics: z.boolean().default(false),
  /** Origins whose pages may call the API from a browser. */
  corsOrigins: z
    .array(z.string().refine(isOrigin, 'an origin is https://host or https://host:port, or http://localhost:port'))
    .default([]),
  /**
   * Names of the keys that tokens are signed with; the first one signs, and what a second one signed stays valid. Two only
   * while one takes the place of the other.
   */
  tokenKeys: z
    .array(z.string().regex(/^[a-z][a-z0-9]{0,19}$/, 'a name is up to 20 of a-z and 0-9, beginning with a letter'))
    .min(1, 'one key at least has to sign')
    .max(2, 'two keys at the most are published')
    .refine(distinct, 'a name is given twice')
    .default(['a']),
  /** Other issuers whose tokens are taken. */
  issuers: z
    .array(issuerSchema)
    .refine((issuers) => distinct(issuers.map(({ issuer }) => issuer)), 'an issuer is given twice')
    .refine(
      (issuers) => Buffer.byteLength(JSON.stringify(issuers)) <= MAX_ISSUERS_BYTES,
      `all issuers together may take ${MAX_ISSUERS_BYTES} bytes: more do not fit into a function's environment`,
    )
    .default([]),
  /**
   * Queues that steps of flows may send to, by the name that a flow calls them: nobody reaches another. A queue is its ARN, or
   * `own` for one that comes with the stage.
   */
  stepQueues: z
    .record(
      nameSchema,
      z
        .string()
        .regex(
          /^(own|arn:aws[a-z-]*:sqs:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?)$/,
          'a queue is "own", or an ARN like arn:aws:sqs:eu-central-1:123456789012:orders',
        ),
    )
    .refine((queues) => Object.keys(queues).length <= MAX_STEP_QUEUES, `at most ${MAX_STEP_QUEUES} queues`)
    .default({}),
  /** Shards of the pools that need more than one. */
  poolShards: poolShardsSchema.default({}),
  /** Days for which finished runs are kept. */
  runRetentionDays: z.int().min(1).max(3650).default(30),
  /** Minutes after which a run that waits for a worker goes before every class of priority. */
  priorityAgeingMinutes: z.int().min(1).max(1_440).default(10),
  logRetentionDays: z
    .literal(logRetentionPeriods, `CloudWatch Logs keeps events for ${logRetentionPeriods.join(', ')} days`)
    .default(RetentionDays.ONE_MONTH),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).default('info'),
  /** Where CloudWatch alarms are sent. Absent: they are only seen in the console. */
  alarmEmail: z.email().optional(),
  /**
   * Limit of the HTTP API. Its default keeps one eager client from taking the 1,000 concurrent executions that an account
   * starts with, which the workers' frames and the alarms need too.
   */
  httpThrottle: throttleSchema.default({ ratePerSecond: 1_000, burst: 2_000 }),
  /** Limit of one principal: a login, an API key, or an address that calls an open group without either. */
  principalThrottle: throttleSchema.default({ ratePerSecond: 100, burst: 500 }),
  /**
   * Concurrent executions that the alarm queue may take (2–1,000). 100 handle some thousands of alarms a second; the rest
   * of the account's 1,000 stays free for callers and workers. An account that is new has 10 in all: set 2 there.
   */
  alarmConcurrency: z.int().min(2).max(1_000).default(100),
});

export type StageConfig = z.output<typeof stageConfigSchema> & { readonly stage: string };

/** It begins the stacks' names, so it keeps to what CloudFormation takes there. */
const stageNameSchema = z
  .string('is not set: run through the CDK (npx cdk synth), which reads cdk.json, or give -c stage=<name>')
  .regex(/^[a-z][a-z0-9-]{0,19}$/, 'is up to 20 of a-z, 0-9 and "-", beginning with a letter');

/** What a person wrote in cdk.json or on the command line cannot be used; the message says what to change. */
export class StageConfigError extends Error {
  override readonly name = 'StageConfigError';
}

const issueLines = (error: z.ZodError, at: string): string[] =>
  error.issues.map((issue) => `  ${[at, ...issue.path.map(String)].join('.')}: ${issue.message}`);

/**
 * The checked configuration of a stage.
 * @param name the stage, `context.stage`
 * @param settings its object in `context.stages`
 * @throws a StageConfigError that lists every issue by its path
 */
export const parseStageConfig = (name: unknown, settings: unknown): StageConfig => {
  const stage = stageNameSchema.safeParse(name);
  if (!stage.success) {
    throw new StageConfigError(`The stage cannot be used:\n${issueLines(stage.error, 'stage').join('\n')}`);
  }
  if (settings === undefined) {
    throw new StageConfigError(
      `There is no stage "${stage.data}": add "${stage.data}": {} to context.stages in cdk.json.`,
    );
  }
  const config = stageConfigSchema.safeParse(settings);
  if (!config.success) {
    const lines = issueLines(config.error, `stages.${stage.data}`);
    throw new StageConfigError(`The configuration of stage "${stage.data}" is wrong:\n${lines.join('\n')}`);
  }
  return { stage: stage.data, ...config.data };
};

/** What becomes of data and logs when their stack goes. */
export const removalPolicyOf = (config: StageConfig): RemovalPolicy =>
  config.removal === 'destroy' ? RemovalPolicy.DESTROY : RemovalPolicy.RETAIN;
