/** A Lambda function of this service: how every one of them is built, logged, limited and allowed. */
import { join, resolve } from 'node:path';
import { Duration, Validations } from 'aws-cdk-lib';
import { type IManagedPolicy, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import {
  ApplicationLogLevel,
  Architecture,
  type CfnFunction,
  LoggingFormat,
  RecursiveLoop,
  Runtime,
  SystemLogLevel,
} from 'aws-cdk-lib/aws-lambda';
import { type ICommandHooks, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type * as z from 'zod';
import type { EnvironmentOf } from '../../platform/env/schemas.ts';
import { removalPolicyOf, type StageConfig } from '../stage-config.ts';

export const REPOSITORY_ROOT = resolve(import.meta.dirname, '../../..');

/** Metadata of the function's resource that names its source: a template holds only the hash of a bundle. */
export const ENTRY_METADATA = 'cronsaga:entry';

/**
 * Ends before API Gateway stops waiting (29 s on a WebSocket, 30 s on HTTP), so that the function's own log tells of the
 * time-out, and before the 30 s in which a writer must commit after arming (rule W2).
 */
export const FUNCTION_TIMEOUT_SECONDS = 28;

/** The function that executes runs works on one for up to 280 s (`FUNCTION_RUN_LIMIT_MS`); the rest is for its writes. */
export const EXECUTE_TIMEOUT_SECONDS = 300;

/** Bundled CommonJS packages call `require`, which an ES module does not have. */
const REQUIRE_BANNER =
  "import { createRequire as makeRequire } from 'node:module';const require = makeRequire(import.meta.url);";

/**
 * Ways to credentials that do not exist on Lambda, which hands them over in the environment. The SDK imports them only when
 * it tries them, so they are left out: a fifth of a bundle.
 */
const UNUSED_CREDENTIALS = [
  '@aws-sdk/credential-provider-http',
  '@aws-sdk/credential-provider-ini',
  '@aws-sdk/credential-provider-process',
  '@aws-sdk/credential-provider-sso',
  '@aws-sdk/credential-provider-web-identity',
  '@smithy/credential-provider-imds',
];

/** Only imported for an operation that streams events, of which none of ours does: 20 KB of a bundle. */
const UNUSED_PROTOCOLS = ['@smithy/core/event-streams'];

const applicationLogLevels = {
  debug: ApplicationLogLevel.DEBUG,
  info: ApplicationLogLevel.INFO,
  warn: ApplicationLogLevel.WARN,
  error: ApplicationLogLevel.ERROR,
} satisfies Record<StageConfig['logLevel'], ApplicationLogLevel>;

export type ServiceFunctionProps<E extends z.ZodType> = {
  readonly config: StageConfig;
  /** The source file, relative to the repository's root. */
  readonly entry: string;
  readonly description: string;
  /** What the function parses its environment with; the values given here are parsed with it too. */
  readonly schema: E;
  readonly environment: EnvironmentOf<E>;
  /** What it may do besides writing its own log. */
  readonly policies?: readonly IManagedPolicy[];
  /** Absent: 512. */
  readonly memoryMb?: number;
  /** Absent: {@link FUNCTION_TIMEOUT_SECONDS}. */
  readonly timeoutSeconds?: number;
  readonly commandHooks?: ICommandHooks;
  /** The function sends to the queue that invokes it, and means to. */
  readonly invokesItself?: boolean;
};

export class ServiceFunction<E extends z.ZodType = z.ZodType> extends Construct {
  readonly fn: NodejsFunction;
  readonly role: Role;

  constructor(scope: Construct, id: string, props: ServiceFunctionProps<E>) {
    super(scope, id);
    const { config, entry, description, schema, environment, policies, memoryMb, commandHooks, invokesItself } = props;
    const { timeoutSeconds = FUNCTION_TIMEOUT_SECONDS } = props;
    // A value that the function would refuse at its cold start fails the synth instead.
    schema.parse(environment);

    const logs = new LogGroup(this, 'Logs', {
      retention: config.logRetentionDays,
      removalPolicy: removalPolicyOf(config),
    });
    // A role of our own: the one that CDK makes carries a managed policy that may write to every log group.
    this.role = new Role(this, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      managedPolicies: [...(policies ?? [])],
    });
    logs.grantWrite(this.role);

    this.fn = new NodejsFunction(this, 'Function', {
      description,
      entry: join(REPOSITORY_ROOT, entry),
      projectRoot: REPOSITORY_ROOT,
      depsLockFilePath: join(REPOSITORY_ROOT, 'package-lock.json'),
      runtime: Runtime.NODEJS_24_X,
      // Graviton costs a fifth less for each GB-second than x86.
      architecture: Architecture.ARM_64,
      // CPU comes with memory (a whole one at 1,769 MB). The work is waiting for DynamoDB; the rest is the cold start,
      // which 512 MB keep short enough at $0.0000067 a second.
      memorySize: memoryMb ?? 512,
      timeout: Duration.seconds(timeoutSeconds),
      role: this.role,
      environment: Object.fromEntries(Object.entries(environment)),
      logGroup: logs,
      loggingFormat: LoggingFormat.JSON,
      applicationLogLevelV2: applicationLogLevels[config.logLevel],
      // INFO would add a start and a report line to each invocation, more bytes than our own line and known from metrics.
      systemLogLevelV2: SystemLogLevel.WARN,
      ...(invokesItself ? { recursiveLoop: RecursiveLoop.ALLOW } : {}),
      bundling: {
        format: OutputFormat.ESM,
        // The SDK's `module` build tree-shakes: a third less to load at a cold start than its `main`.
        mainFields: ['module', 'main'],
        target: 'node24',
        minify: true,
        // No source map: it is several times the bundle, and reading one delays the first error of a cold start.
        sourceMap: false,
        // The SDK itself is bundled: the runtime's copy changes under us and loads slower from its many files.
        externalModules: [...UNUSED_CREDENTIALS, ...UNUSED_PROTOCOLS],
        banner: REQUIRE_BANNER,
        ...(commandHooks === undefined ? {} : { commandHooks }),
      },
    });

    const resource = this.fn.node.defaultChild as CfnFunction;
    resource.addMetadata(ENTRY_METADATA, entry);
    Validations.of(this.fn).acknowledge(
      {
        id: 'Serverless-LambdaTracing',
        reason:
          'X-Ray costs $5 per million traces; a run takes three invocations and its whole budget is $8 a million.',
      },
      {
        id: 'Serverless-LambdaDLQ',
        reason:
          'Applies to asynchronous invocation only. API Gateway waits for the answer; queue and stream have DLQs.',
      },
      {
        id: 'Serverless-LambdaAsyncFailureDestination',
        reason: 'Nothing invokes it asynchronously but a schedule, whose next turn does what this one did not.',
      },
    );
  }
}
