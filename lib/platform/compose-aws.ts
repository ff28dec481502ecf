/** The whole wiring on AWS: environment in, engine out. Built once per function instance, at module scope. */
import type { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { openTable } from '../adapters/dynamodb/client.ts';
import { createCountStore } from '../adapters/dynamodb/counts.ts';
import { createRunStore } from '../adapters/dynamodb/runs.ts';
import { createSessionStore } from '../adapters/dynamodb/sessions.ts';
import {
  createConnectionStore,
  createDataStore,
  createExceptionStore,
  createIdempotencyStore,
} from '../adapters/dynamodb/side-stores.ts';
import { createAlarmSchedules } from '../adapters/scheduler/alarm-schedules.ts';
import { createAlarmQueue, createBringBack } from '../adapters/sqs/alarm-queue.ts';
import { createThreeTierAlarms } from '../adapters/three-tier-alarms.ts';
import { createSocketPort } from '../adapters/websocket/sockets.ts';
import type { Engine } from '../application/api.ts';
import { createEngine } from '../application/engine.ts';
import type { AlarmPort } from '../application/ports/index.ts';
import { createCountChanges } from '../application/runs/count-changes.ts';
import type { EngineEnv } from './env/schemas.ts';
import type { Logger } from './logger.ts';
import { toSettings } from './settings.ts';
import { makeOp, makeToken } from './token.ts';

/** What the composition takes from outside where that is not the default: the cost meter counts on its own clients. */
export type Surroundings = {
  readonly clients?: {
    readonly dynamodb: DynamoDBClient;
    readonly sqs: SQSClient;
    readonly scheduler: SchedulerClient;
    readonly sockets: ApiGatewayManagementApiClient;
  };
  /** Epoch milliseconds. */
  readonly now?: () => number;
};

const createAlarmPort = (env: EngineEnv, now: () => number, clients: Surroundings['clients']): AlarmPort => {
  const queue = createAlarmQueue(env.ALARM_QUEUE_URL, clients?.sqs);
  const target = {
    group: env.SCHEDULE_GROUP,
    queueArn: env.ALARM_QUEUE_ARN,
    roleArn: env.SCHEDULE_ROLE_ARN,
    deadLetterArn: env.SCHEDULE_DLQ_ARN,
  };
  const schedule = createAlarmSchedules(target, clients?.scheduler);
  return createThreeTierAlarms(queue, schedule, now);
};

export const composeEngine = (env: EngineEnv, log: Logger, { clients, now = Date.now }: Surroundings = {}): Engine => {
  const table = openTable(env.TABLE_NAME, clients?.dynamodb);
  return createEngine({
    runs: createRunStore(table, makeOp),
    data: createDataStore(table),
    sessions: createSessionStore(table, makeOp),
    connections: createConnectionStore(table),
    exceptions: createExceptionStore(table),
    idempotency: createIdempotencyStore(table, makeOp),
    counts: createCountStore(table, makeOp),
    sockets: createSocketPort(env.CONNECTIONS_URL, log, clients?.sockets),
    alarms: createAlarmPort(env, now, clients),
    log,
    settings: toSettings(env),
    now,
    chance: Math.random,
    token: makeToken,
  });
};

/** The alarms' consumer also decides when a message that failed comes again. */
export const composeAlarms = (env: EngineEnv, log: Logger) => ({
  engine: composeEngine(env, log),
  bringBack: createBringBack(env.ALARM_QUEUE_URL),
});

/** The stream consumer counts and does nothing else: it gets no queue, no sockets and no schedules. */
export const composeCounts = (
  tableName: string,
  { clients, now = Date.now }: Surroundings = {},
): Engine['countChanges'] =>
  createCountChanges({ counts: createCountStore(openTable(tableName, clients?.dynamodb), makeOp), now });
