/** Workers' sockets, and what acts when nobody calls: on alarms that are due, on rows that changed, on jobs that lost theirs. */
import { Aws, CfnOutput, Duration, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { CfnAccount } from 'aws-cdk-lib/aws-apigateway';
import { WebSocketApi, WebSocketStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { WebSocketLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { ManagedPolicy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { FilterCriteria, FilterRule, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CfnSchedule } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { COUNTED_PARTITIONS } from '../../contracts/executions-table.ts';
import { connectEnvSchema, countsEnvSchema, engineEnvSchema, executeEnvSchema } from '../../platform/env/schemas.ts';
import { authenticationAccess } from '../authentication.ts';
import { accessLogs } from '../constructs/access-logs.ts';
import { acknowledgeAwsPolicy, acknowledgeWildcard } from '../constructs/nag-findings.ts';
import { EXECUTE_TIMEOUT_SECONDS, ServiceFunction } from '../constructs/service-function.ts';
import { commonEnvironment, engineAccess } from '../engine.ts';
import type { StageConfig } from '../stage-config.ts';
import type { DataStack } from './data-stack.ts';
import type { MessagingStack } from './messaging-stack.ts';

/** Part of the workers' URL. */
const SOCKET_STAGE = 'ws';

/** Frames of workers are never turned away before the account's own quota (10,000/s, bursts of 5,000): a result counts. */
const FRAME_THROTTLE = { rateLimit: 10_000, burstLimit: 5_000 };

type Parts = { readonly data: DataStack; readonly messaging: MessagingStack };

export class RealtimeStack extends Stack {
  /** Management endpoint of the WebSocket stage. */
  readonly connectionsUrl: string;
  /** Posting to sockets and closing them. */
  readonly mayPost: ManagedPolicy;
  readonly connect: ServiceFunction;
  readonly frame: ServiceFunction;
  readonly alarms: ServiceFunction;
  readonly counts: ServiceFunction;
  readonly reconcile: ServiceFunction;
  readonly execute: ServiceFunction;

  constructor(scope: Construct, id: string, config: StageConfig, { data, messaging }: Parts) {
    super(scope, id, {
      description: "Cronsaga: workers' sockets, alarms and totals",
      terminationProtection: config.removal === 'retain',
    });

    const api = new WebSocketApi(this, 'Sockets', {
      // A label in the console, not an identity: two APIs may share it.
      apiName: `cronsaga-${config.stage}-workers`,
    });
    const stage = new WebSocketStage(this, 'SocketStage', {
      webSocketApi: api,
      stageName: SOCKET_STAGE,
      autoDeploy: true,
      throttle: FRAME_THROTTLE,
      accessLogSettings: accessLogs(this, config, {
        time: '$context.requestTimeEpoch',
        requestId: '$context.requestId',
        route: '$context.routeKey',
        connection: '$context.connectionId',
        status: '$context.status',
        error: '$context.error.message',
      }),
    });
    stage.node.addDependency(allowSocketLogs(this));
    this.connectionsUrl = stage.callbackUrl;
    new CfnOutput(this, 'WebSocketUrl', { value: stage.url, description: 'Where workers connect' });

    const socketArns = ['POST', 'DELETE'].map((method) =>
      this.formatArn({
        service: 'execute-api',
        resource: api.apiId,
        resourceName: `${SOCKET_STAGE}/${method}/@connections/*`,
      }),
    );
    this.mayPost = new ManagedPolicy(this, 'MayPost', {
      description: "Post to workers' sockets and close them",
      statements: [new PolicyStatement({ actions: ['execute-api:ManageConnections'], resources: socketArns })],
    });
    for (const arn of socketArns) {
      acknowledgeWildcard(this.mayPost, arn, 'API Gateway makes the connection ids; the stage is the narrowest bound.');
    }

    const engine = engineAccess(config, { data, messaging, sockets: this });
    const authentication = authenticationAccess(data);
    this.connect = new ServiceFunction(this, 'Connect', {
      config,
      entry: 'functions/websocket/connect.ts',
      description: "Checks a worker's API key when its socket opens",
      schema: connectEnvSchema,
      environment: {
        ...commonEnvironment(config),
        ...authentication.environment,
        TABLE_NAME: data.executions.tableName,
      },
      policies: [...authentication.policies, data.policies.mayAdmit],
    });
    this.frame = new ServiceFunction(this, 'Frame', {
      config,
      entry: 'functions/websocket/frame.ts',
      description: "Handles workers' frames and the end of their sockets",
      schema: engineEnvSchema,
      environment: { ...engine.environment, ...authentication.environment },
      policies: [...engine.policies, ...authentication.policies, data.policies.mayReadJobs, data.policies.mayRegister],
    });
    const connectRoute = api.addRoute('$connect', {
      integration: new WebSocketLambdaIntegration('Connect', this.connect.fn),
    });
    Validations.of(connectRoute).acknowledge({
      id: 'AwsSolutions-APIG4',
      reason:
        'The function behind $connect checks the API key itself; an authorizer would be a second invocation for the same.',
    });
    const frameIntegration = new WebSocketLambdaIntegration('Frame', this.frame.fn);
    // No route response: what a worker is told is posted, and a result needs no acknowledgement (rule R4).
    for (const routeKey of ['$disconnect', '$default']) {
      const route = api.addRoute(routeKey, { integration: frameIntegration });
      Validations.of(route).acknowledge({
        id: 'AwsSolutions-APIG4',
        reason: 'API Gateway authorizes a socket once, at $connect; frames come over sockets that it let in.',
      });
    }

    this.alarms = new ServiceFunction(this, 'Alarms', {
      config,
      entry: 'functions/queue/alarms.ts',
      description: 'Looks at the rows whose alarms are due',
      schema: engineEnvSchema,
      environment: engine.environment,
      policies: [...engine.policies, data.policies.mayDefine],
      // An alarm that finds its row not committed or not due yet sends itself on (rule A2), for as long as the run lives.
      // Lambda would take that for a runaway loop after about 16 rounds and stop it.
      invokesItself: true,
    });
    acknowledgeQueueSource(this.alarms);
    this.alarms.fn.addEventSource(
      new SqsEventSource(messaging.alarms, {
        batchSize: 10,
        // One receive, one invocation and one delete for the alarms of a second. Runs are dispatched three seconds ahead
        // of their time and held by the worker, so the gathering costs no punctuality.
        maxBatchingWindow: Duration.seconds(1),
        maxConcurrency: config.alarmConcurrency,
        reportBatchItemFailures: true,
      }),
    );

    this.counts = new ServiceFunction(this, 'Counts', {
      config,
      entry: 'functions/stream/counts.ts',
      description: 'Keeps the totals per status and handler',
      schema: countsEnvSchema,
      environment: { ...commonEnvironment(config), TABLE_NAME: data.executions.tableName },
      policies: [data.policies.mayCount],
    });
    this.counts.fn.addEventSource(countsSource(data, messaging));

    this.reconcile = new ServiceFunction(this, 'Reconcile', {
      config,
      entry: 'functions/schedule/reconcile.ts',
      description: 'Gives back their alarms to jobs that lost them',
      schema: engineEnvSchema,
      environment: engine.environment,
      policies: [...engine.policies, data.policies.mayDefine],
    });
    runRecurringly(this, this.reconcile, messaging);

    this.execute = new ServiceFunction(this, 'Execute', {
      config,
      entry: 'functions/queue/execute.ts',
      description: 'Executes the runs of the pool without workers',
      schema: executeEnvSchema,
      environment: { ...engine.environment, STEP_QUEUES: addressesOf(messaging.stepQueues) },
      policies: [...engine.policies, data.policies.mayReadJobs, ...maySendTo(this, messaging.stepQueues)],
      timeoutSeconds: EXECUTE_TIMEOUT_SECONDS,
    });
    acknowledgeQueueSource(this.execute);
    this.execute.fn.addEventSource(
      new SqsEventSource(messaging.functionRuns, {
        // Requests wait, they do not compute: ten at a time share an execution and its price.
        batchSize: 10,
        maxConcurrency: config.alarmConcurrency,
        reportBatchItemFailures: true,
      }),
    );
  }
}

type Queues = MessagingStack['stepQueues'];

/** JSON: by their names. An address has no character that JSON would escape. */
const addressesOf = (queues: Queues): string =>
  `{${Object.entries(queues)
    .map(([name, { queueUrl }]) => `"${name}":"${queueUrl}"`)
    .join(',')}}`;

/** No other function may, and a step of a flow reaches no other queue. */
const maySendTo = (scope: Construct, queues: Queues): readonly ManagedPolicy[] => {
  const resources = Object.values(queues).map(({ queueArn }) => queueArn);
  return resources.length === 0
    ? []
    : [
        new ManagedPolicy(scope, 'MaySendForSteps', {
          description: 'Send to the queues of steps',
          statements: [new PolicyStatement({ actions: ['sqs:SendMessage'], resources })],
        }),
      ];
};

const acknowledgeQueueSource = (consumer: ServiceFunction): void =>
  Validations.of(consumer).acknowledge({
    id: 'Serverless-LambdaEventSourceMappingDestination',
    reason: 'A queue as a source takes no destination: messages that fail go to the dead letters of the queue itself.',
  });

/** The stream of changes to the rows that the totals are made of. An event source takes five filters at most. */
const countsSource = ({ executions }: DataStack, { uncountedChanges }: MessagingStack): DynamoEventSource =>
  // TableV2 is an ITable; only `exactOptionalPropertyTypes`, which the CDK is not compiled with, sees a difference.
  new DynamoEventSource(executions as ITable, {
    startingPosition: StartingPosition.TRIM_HORIZON,
    batchSize: 1_000,
    // Totals may lag by 5 s. Gathering for four of them makes one write out of many at a steady load.
    maxBatchingWindow: Duration.seconds(4),
    // Only in a tumbling window does Lambda name the stream's shard in the event, and by (shard, sequence number) a change
    // counts once however often and however cut it is delivered. Short, because a poller that restarts may read its
    // window again from the start; each window costs one more invocation.
    tumblingWindow: Duration.minutes(1),
    parallelizationFactor: 1,
    reportBatchItemFailures: true,
    // A poison record is isolated by halving. Both bounds let a shard go on in the end; what was given up is in the queue,
    // and the stream still holds it for the rest of its 24 hours.
    bisectBatchOnError: true,
    retryAttempts: 100,
    maxRecordAge: Duration.hours(12),
    onFailure: new SqsDlq(uncountedChanges),
    filters: Object.values(COUNTED_PARTITIONS).map((prefix) =>
      FilterCriteria.filter({ dynamodb: { Keys: { pk: { S: FilterRule.beginsWith(prefix) } } } }),
    ),
  });

/**
 * Rule J6: a job that lost its alarm is at most so late. A thousand active jobs are 500 read units each time, about half a
 * dollar a month.
 */
const RECONCILE_EVERY = 'rate(5 minutes)';

const runRecurringly = (scope: Construct, { fn }: ServiceFunction, messaging: MessagingStack): CfnSchedule => {
  // One that failed is not repeated: the next is soon, and begins where it ended.
  fn.configureAsyncInvoke({ retryAttempts: 0, maxEventAge: Duration.minutes(5) });
  const role = new Role(scope, 'ReconcileScheduleRole', {
    description: 'EventBridge Scheduler starts the reconciler',
    assumedBy: new ServicePrincipal('scheduler.amazonaws.com', {
      conditions: { StringEquals: { 'aws:SourceAccount': Aws.ACCOUNT_ID } },
    }),
  });
  role.addToPolicy(new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [fn.functionArn] }));
  role.addToPolicy(
    new PolicyStatement({ actions: ['sqs:SendMessage'], resources: [messaging.undeliveredSchedules.queueArn] }),
  );
  const schedule = new CfnSchedule(scope, 'ReconcileSchedule', {
    description: 'Gives back their alarms to jobs that lost them',
    groupName: messaging.schedules.ref,
    scheduleExpression: RECONCILE_EVERY,
    flexibleTimeWindow: { mode: 'OFF' },
    target: {
      arn: fn.functionArn,
      roleArn: role.roleArn,
      retryPolicy: { maximumRetryAttempts: 3, maximumEventAgeInSeconds: 300 },
      deadLetterConfig: { arn: messaging.undeliveredSchedules.queueArn },
    },
  });
  // The role has to be whole when the schedule first fires.
  schedule.node.addDependency(role);
  return schedule;
};

/**
 * API Gateway writes a WebSocket stage's access log with a role that is set once for the account and Region; without it the
 * stage cannot be created. Kept when the stack goes: every other API of the account logs with it too.
 */
const allowSocketLogs = (scope: Construct): CfnAccount => {
  const pushLogs = ManagedPolicy.fromAwsManagedPolicyName('service-role/AmazonAPIGatewayPushToCloudWatchLogs');
  const role = new Role(scope, 'ApiGatewayLogsRole', {
    assumedBy: new ServicePrincipal('apigateway.amazonaws.com'),
    managedPolicies: [pushLogs],
  });
  role.applyRemovalPolicy(RemovalPolicy.RETAIN);
  acknowledgeAwsPolicy(
    role,
    pushLogs.managedPolicyArn,
    'The policy that AWS documents for this account-wide setting; a narrower one would cut off the logs of other APIs.',
  );
  const account = new CfnAccount(scope, 'ApiGatewayAccount', { cloudWatchRoleArn: role.roleArn });
  account.applyRemovalPolicy(RemovalPolicy.RETAIN);
  return account;
};
