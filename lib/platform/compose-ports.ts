/** The engine's ports on AWS: environment in, adapters out. */
import type { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { openTable } from '../adapters/dynamodb/client.ts';
import { createCountStore } from '../adapters/dynamodb/counts.ts';
import { createCategoryStore } from '../adapters/dynamodb/fleet/categories.ts';
import { createLeaseStore } from '../adapters/dynamodb/fleet/leases.ts';
import { createLogStore } from '../adapters/dynamodb/fleet/logs.ts';
import { createNeedsStore } from '../adapters/dynamodb/fleet/needs.ts';
import { createWorkerStore } from '../adapters/dynamodb/fleet/workers.ts';
import { createTableCheck } from '../adapters/dynamodb/health.ts';
import { createJobStore } from '../adapters/dynamodb/jobs/jobs.ts';
import { createRunStore } from '../adapters/dynamodb/runs.ts';
import { createSagaExceptionStore } from '../adapters/dynamodb/sagas/exceptions.ts';
import { createFlowStore } from '../adapters/dynamodb/sagas/flows.ts';
import { createSagaStore } from '../adapters/dynamodb/sagas/sagas.ts';
import { createSessionStore } from '../adapters/dynamodb/sessions.ts';
import {
  createConnectionStore,
  createDataStore,
  createExceptionStore,
  createIdempotencyStore,
} from '../adapters/dynamodb/side-stores.ts';
import { createAlarmSchedules } from '../adapters/scheduler/alarm-schedules.ts';
import { createAlarmQueue } from '../adapters/sqs/alarm-queue.ts';
import { createFunctionQueue } from '../adapters/sqs/function-queue.ts';
import { createQueueCheck } from '../adapters/sqs/health.ts';
import { createThreeTierAlarms } from '../adapters/three-tier-alarms.ts';
import { createSocketPort } from '../adapters/websocket/sockets.ts';
import type { AlarmPort, Ports } from '../application/ports/index.ts';
import type { EngineEnv } from './env/schemas.ts';
import type { Logger } from './logger.ts';
import { pause } from './pause.ts';
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

export const composePorts = (env: EngineEnv, log: Logger, { clients, now = Date.now }: Surroundings = {}): Ports => {
  const table = openTable(env.TABLE_NAME, clients?.dynamodb);
  const definitions = openTable(env.DEFINITIONS_TABLE, clients?.dynamodb);
  return {
    runs: createRunStore(table, makeOp),
    data: createDataStore(table),
    sessions: createSessionStore(table, makeOp),
    connections: createConnectionStore(table),
    exceptions: createExceptionStore(table),
    jobs: createJobStore(definitions, makeOp),
    flows: createFlowStore(definitions, makeOp),
    sagas: createSagaStore(table, makeOp),
    sagaExceptions: createSagaExceptionStore(table, makeOp),
    workers: createWorkerStore(definitions, makeOp),
    categories: createCategoryStore(definitions, makeOp),
    leases: createLeaseStore(table, makeOp),
    logs: createLogStore(table, makeOp),
    needs: createNeedsStore(table),
    health: { dynamodb: createTableCheck(table), sqs: createQueueCheck(env.ALARM_QUEUE_URL, clients?.sqs) },
    idempotency: createIdempotencyStore(table, makeOp),
    counts: createCountStore(table, makeOp),
    sockets: createSocketPort(env.CONNECTIONS_URL, log, clients?.sockets),
    alarms: createAlarmPort(env, now, clients),
    functionQueue: createFunctionQueue(env.FUNCTION_QUEUE_URL, clients?.sqs),
    log,
    settings: toSettings(env),
    now,
    pause,
    chance: Math.random,
    token: makeToken,
  };
};
