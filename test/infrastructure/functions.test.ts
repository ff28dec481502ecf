import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { runShardKey } from '../../lib/adapters/dynamodb/keys.ts';
import { sagaExceptionPartition, sagaPartition } from '../../lib/adapters/dynamodb/sagas/keys.ts';
import { LISTED_FAMILIES } from '../../lib/domain/ids.ts';
import { ENTRY_METADATA, REPOSITORY_ROOT } from '../../lib/infrastructure/constructs/service-function.ts';
import {
  connectEnvSchema,
  countsEnvSchema,
  docsEnvSchema,
  engineEnvSchema,
  executeEnvSchema,
  httpEnvSchema,
  identityEnvSchema,
} from '../../lib/platform/env/schemas.ts';
import { each, functionOf, ofType, text } from './production.ts';
import { allStatements, statementsOf } from './roles.ts';

const EXECUTE = 'functions/queue/execute.ts';

describe('functions', () => {
  const functions = each('AWS::Lambda::Function');

  it.each(functions)('%s runs where and as long as all do, and logs with an end', (_, { Properties, Metadata }) => {
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      // A password hash is work for a whole CPU.
      MemorySize: Metadata[ENTRY_METADATA] === 'functions/http/identity.ts' ? 1_769 : 512,
      // A run of the pool without workers takes its time.
      Timeout: Metadata[ENTRY_METADATA] === EXECUTE ? 300 : 28,
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO', SystemLogLevel: 'WARN' },
    });
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
    expect(existsSync(join(REPOSITORY_ROOT, String(Metadata[ENTRY_METADATA])))).toBe(true);
    const { LogGroup } = z.object({ LogGroup: z.object({ Ref: z.string() }) }).parse(Properties.LoggingConfig);
    expect(ofType('AWS::Logs::LogGroup').map(({ id }) => id)).toContain(LogGroup.Ref);
  });

  it.each(each('AWS::Logs::LogGroup'))('%s keeps its events for the time of the stage', (_, group) => {
    expect(group.Properties.RetentionInDays).toBe(30);
    expect(group.DeletionPolicy).toBe('Retain');
  });

  it.each([
    ['functions/http/api.ts', httpEnvSchema],
    ['functions/http/docs.ts', docsEnvSchema],
    ['functions/http/identity.ts', identityEnvSchema],
    ['functions/websocket/connect.ts', connectEnvSchema],
    ['functions/websocket/frame.ts', engineEnvSchema],
    ['functions/queue/alarms.ts', engineEnvSchema],
    ['functions/queue/execute.ts', executeEnvSchema],
    ['functions/schedule/reconcile.ts', engineEnvSchema],
    ['functions/stream/counts.ts', countsEnvSchema],
  ])('%s finds the environment that it reads, and no more', (entry, schema) => {
    const { Variables } = z
      .object({ Variables: z.record(z.string(), z.unknown()) })
      .parse(functionOf(entry).Properties.Environment);
    // The first admin's name and password are variables on one machine only; deployed they are a secret. A custom domain for
    // the workers is none of this stage.
    const read = Object.keys(schema.shape).filter((name) => !/^(CRONSAGA_ADMIN_|WEBSOCKET_URL$)/.test(name));
    expect(new Set(Object.keys(Variables))).toEqual(new Set(read));
    const deployed = Object.entries(Variables).map(([name, value]) => [
      name,
      typeof value === 'string' ? value : 'made',
    ]);
    expect(schema.safeParse(Object.fromEntries(deployed)).error).toBeUndefined();
  });

  it('that sends alarms on to its own queue is not taken for a runaway loop', () => {
    expect(functionOf('functions/queue/alarms.ts').Properties.RecursiveLoop).toBe('Allow');
    const allowed = functions.filter(([, { Properties }]) => 'RecursiveLoop' in Properties);
    expect(allowed).toHaveLength(1);
  });
});

describe('permissions', () => {
  const statements = allStatements();
  const actions = new Set(statements.flatMap(({ Action }) => Action));

  it('are exactly these', () => {
    expect(actions).toEqual(
      new Set([
        'dynamodb:BatchGetItem',
        // Denied only.
        'dynamodb:BatchWriteItem',
        'dynamodb:DeleteItem',
        'dynamodb:DescribeStream',
        'dynamodb:GetItem',
        'dynamodb:GetRecords',
        'dynamodb:GetShardIterator',
        'dynamodb:ListStreams',
        // Denied only.
        'dynamodb:PartiQLDelete',
        'dynamodb:PartiQLInsert',
        'dynamodb:PartiQLUpdate',
        'dynamodb:PutItem',
        'dynamodb:Query',
        'dynamodb:UpdateItem',
        'execute-api:ManageConnections',
        'iam:PassRole',
        'kms:GetPublicKey',
        'kms:Sign',
        'lambda:InvokeFunction',
        'logs:CreateLogStream',
        'logs:PutLogEvents',
        'scheduler:CreateSchedule',
        'secretsmanager:GetSecretValue',
        'sqs:ChangeMessageVisibility',
        'sqs:DeleteMessage',
        'sqs:GetQueueAttributes',
        'sqs:GetQueueUrl',
        'sqs:ReceiveMessage',
        'sqs:SendMessage',
      ]),
    );
  });

  it('reach beyond named resources only to schedules of our group and sockets of our stage', () => {
    const wide = statements
      .flatMap(({ Resource }) => [Resource].flat())
      .map(text)
      .filter((arn) => arn.includes('*'));
    expect(wide).toHaveLength(3);
    expect(wide.filter((arn) => /:scheduler:.*:schedule\/.*\{"Ref":"Schedules"\},"\/\*"/.test(arn))).toHaveLength(1);
    expect(wide.filter((arn) => /"\/ws\/(POST|DELETE)\/@connections\/\*"/.test(arn))).toHaveLength(2);
  });

  it('pass one role, to EventBridge Scheduler only', () => {
    const passing = statements.filter(({ Action }) => Action.includes('iam:PassRole'));
    expect(passing).toMatchObject([
      {
        Resource: [{ 'Fn::GetAtt': [expect.stringMatching(/^SchedulerRole/), 'Arn'] }],
        Condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
      },
    ]);
  });

  it('give the function that only shows the documentation nothing but its log', () => {
    const granted = statementsOf('functions/http/docs.ts').flatMap(({ Action }) => Action);
    expect(new Set(granted)).toEqual(new Set(['logs:CreateLogStream', 'logs:PutLogEvents']));
  });
});

describe('queues', () => {
  it.each(each('AWS::SQS::Queue'))('%s has dead letters, or is watched as some', (id, queue) => {
    const watched = ofType('AWS::CloudWatch::Alarm').some(
      ({ Properties }) =>
        Properties.MetricName === 'ApproximateNumberOfMessagesVisible' && text(Properties.Dimensions).includes(id),
    );
    expect(watched).toBe(queue.Properties.RedrivePolicy === undefined);
    expect(queue.Properties.SqsManagedSseEnabled).toBe(true);
    // An order to execute is void within the hour; all else waits for a person.
    expect(queue.Properties.MessageRetentionPeriod).toBe(id.startsWith('FunctionRuns') ? 86_400 : 14 * 86_400);
  });

  it.each(each('AWS::SQS::Queue'))('%s takes nothing over plain HTTP', (id) => {
    const policies = ofType('AWS::SQS::QueuePolicy').filter(({ Properties }) => text(Properties.Queues).includes(id));
    expect(text(policies)).toContain('"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny"');
  });

  it('hide a message for six timeouts of its consumer, and give it up late', () => {
    const queues = ofType('AWS::SQS::Queue').filter(({ Properties }) => Properties.RedrivePolicy);
    expect(queues).toHaveLength(2);
    for (const { id, Properties } of queues) {
      const consumer = id.startsWith('FunctionRuns') ? EXECUTE : 'functions/queue/alarms.ts';
      expect(Properties.VisibilityTimeout).toBeGreaterThanOrEqual(6 * Number(functionOf(consumer).Properties.Timeout));
      expect(Properties.RedrivePolicy).toMatchObject({ maxReceiveCount: 10 });
    }
  });
});

describe('sources of events', () => {
  const sources = ofType('AWS::Lambda::EventSourceMapping').map(({ Properties }) => Properties);
  const ofFunction = (entry: string) =>
    sources.find(({ FunctionName }) => text(FunctionName) === text({ Ref: functionOf(entry).id }));

  it.each(['functions/queue/alarms.ts', EXECUTE])('bring %s batches whose messages fail one by one', (entry) => {
    expect(sources).toHaveLength(3);
    expect(ofFunction(entry)).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 100 },
    });
  });

  it('bring changes of runs and transactions, not of steps, with the name of their shard, and give up at last', () => {
    expect(ofFunction('functions/stream/counts.ts')).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      BatchSize: 1_000,
      MaximumBatchingWindowInSeconds: 4,
      TumblingWindowInSeconds: 60,
      ParallelizationFactor: 1,
      BisectBatchOnFunctionError: true,
      MaximumRetryAttempts: 100,
      MaximumRecordAgeInSeconds: 12 * 3_600,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      DestinationConfig: {
        OnFailure: { Destination: { 'Fn::ImportValue': expect.stringContaining('UncountedChanges') } },
      },
      FilterCriteria: {
        Filters: [
          ...LISTED_FAMILIES.map((family) => runShardKey(family, 0)),
          ...[sagaPartition(0), sagaExceptionPartition(0)],
        ].map((partition) => ({
          Pattern: `{"dynamodb":{"Keys":{"pk":{"S":[{"prefix":"${partition.slice(0, -1)}"}]}}}}`,
        })),
      },
    });
  });

  it('look after the jobs every five minutes, as nobody else', () => {
    const [[, schedule] = ['none', undefined], ...others] = each('AWS::Scheduler::Schedule');
    expect(others).toEqual([]);
    expect(schedule?.Properties).toMatchObject({
      ScheduleExpression: 'rate(5 minutes)',
      FlexibleTimeWindow: { Mode: 'OFF' },
      Target: {
        Arn: { 'Fn::GetAtt': [expect.stringMatching(/^Reconcile/), 'Arn'] },
        RoleArn: { 'Fn::GetAtt': [expect.stringMatching(/^ReconcileScheduleRole/), 'Arn'] },
        DeadLetterConfig: { Arn: { 'Fn::ImportValue': expect.stringContaining('UndeliveredSchedules') } },
      },
    });
    const invoking = allStatements().filter(({ Action }) => Action.includes('lambda:InvokeFunction'));
    expect(invoking).toMatchObject([{ Resource: [{ 'Fn::GetAtt': [expect.stringMatching(/^Reconcile/), 'Arn'] }] }]);
    // What failed is left to the next turn.
    expect(each('AWS::Lambda::EventInvokeConfig').map(([, { Properties }]) => Properties.MaximumRetryAttempts)).toEqual(
      [0],
    );
  });
});
