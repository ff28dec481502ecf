/**
 * The engine on emulators: DynamoDB Local and fauxqs, or whatever `AWS_ENDPOINT_URL` names, and the functions in threads
 * with the same SDK clients as in the cloud.
 */
import { randomBytes } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBStreamsClient } from '@aws-sdk/client-dynamodb-streams';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type DynamoDbLocal, startDynamoDbLocal } from './aws/dynamodb-local.ts';
import { type Made, makeQueues, makeTables, tableNameOf } from './aws/provision.ts';
import { startQueueServer } from './aws/queue-server.ts';
import { startSchedulerServer } from './aws/scheduler-server.ts';
import type { SendToQueue } from './aws/schedules.ts';
import { type Engine, type EngineOptions, LOCAL_ACCOUNT, LOCAL_REGION } from './engine.ts';
import { openGroupsOf, withLocalEnvironment } from './environment.ts';
import { startQueuePoller } from './events/queue-poller.ts';
import { startRecurringInvoker } from './events/recurring-invoker.ts';
import { startStreamPoller } from './events/stream-poller.ts';
import { createFunctionThreads } from './functions/threads.ts';
import { requireJava } from './preflight.ts';
import {
  readApis,
  readEventSources,
  readFunctions,
  readRecurringSources,
  readScheduleGroups,
} from './template/application.ts';
import { addressText, createResolver } from './template/resolver.ts';
import { declaredAttributes, listResources, RESOURCE_TYPES } from './template/resources.ts';

export type AwsEngineOptions = EngineOptions & {
  /** An emulator of the user's own (LocalStack or a compatible one); absent: ours. */
  readonly endpoint: string | undefined;
  readonly environment: NodeJS.ProcessEnv;
};

/** Our servers take only this start's key; an emulator of the user's own knows the user's. */
const credentialsFor = (endpoint: string | undefined, environment: NodeJS.ProcessEnv) =>
  endpoint === undefined
    ? { accessKeyId: `local${randomBytes(12).toString('hex')}`, secretAccessKey: 'local' }
    : {
        accessKeyId: environment.AWS_ACCESS_KEY_ID ?? 'test',
        secretAccessKey: environment.AWS_SECRET_ACCESS_KEY ?? 'test',
      };

export const startAwsEngine = async (options: AwsEngineOptions): Promise<Engine> => {
  const { root, endpoint, environment, log, onStarted } = options;
  const logger = log.logger('local');
  const credentials = credentialsFor(endpoint, environment);
  const region = (endpoint === undefined ? undefined : environment.AWS_REGION) ?? LOCAL_REGION;
  const place = { region, accountId: LOCAL_ACCOUNT };

  // The JVM takes longest to be ready, so it starts first and everything that can goes on beside it.
  const failed = Promise.withResolvers<string>();
  const startDatabase = async (): Promise<DynamoDbLocal> => {
    const java = await requireJava(environment);
    const started = await startDynamoDbLocal({ java, logger: log.logger('dynamodb'), onEnd: failed.resolve });
    onStarted(started.stop);
    // Awaited further down; until then a failure is no unhandled rejection.
    started.ready.catch(() => undefined);
    return started;
  };
  const database = endpoint === undefined ? await startDatabase() : undefined;
  const dynamodb = database?.endpoint ?? endpoint ?? '';

  const startSqs = async (): Promise<string> => {
    const { endpoint: url, stop } = await startQueueServer(credentials.accessKeyId);
    onStarted(stop);
    return url;
  };
  const sqsEndpoint = endpoint ?? (await startSqs());
  const sqs = new SQSClient({ endpoint: sqsEndpoint, region, credentials });
  onStarted(async () => sqs.destroy());

  const templates = await options.templates;
  const made: Made = new Map();
  const declared = declaredAttributes(templates, place);
  const resolve = createResolver(
    templates,
    place,
    (address, name) => made.get(addressText(address))?.[name] ?? declared(address, name),
  );
  const resources = listResources(templates, resolve);
  for (const { address } of resources.ofType(RESOURCE_TYPES.table)) {
    made.set(addressText(address), { Ref: tableNameOf(address) });
  }
  // Emulators name their queues by hosts that not every resolver knows; the path tells the queue.
  await makeQueues(sqs, resources, made, (url) => new URL(new URL(url).pathname, sqsEndpoint).href);
  const queueUrlOf = (queueArn: string): string => {
    const queue = [...made.values()].find(({ Arn }) => Arn === queueArn);
    if (!queue?.QueueUrl) {
      throw new Error(`There is no queue ${queueArn}`);
    }
    return queue.QueueUrl;
  };
  const send: SendToQueue = async (queueArn, MessageBody, MessageAttributes) => {
    const QueueUrl = queueUrlOf(queueArn);
    await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...(MessageAttributes && { MessageAttributes }) }));
  };
  const groups = readScheduleGroups(resources);
  const { accessKeyId } = credentials;
  const scheduler = await startSchedulerServer({ groups, ...place, accessKeyId, send, logger });
  onStarted(scheduler.stop);

  const declaredFunctions = readFunctions(resources);
  const apis = readApis(resources, declaredFunctions);
  const { port, admin } = options;
  const functions = withLocalEnvironment(declaredFunctions, { apis, region, port, admin });
  const threads = createFunctionThreads({
    root,
    functions,
    environment: {
      AWS_REGION: region,
      AWS_DEFAULT_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_ENDPOINT_URL_DYNAMODB: dynamodb,
      AWS_ENDPOINT_URL_SQS: sqsEndpoint,
      AWS_ENDPOINT_URL_SCHEDULER: scheduler.endpoint,
      // The user's own profile must not reach into the functions.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      // Code that is compiled once for all threads and starts saves each thread some 10 MB and a third of its start.
      NODE_COMPILE_CACHE: options.compileCache,
      TZ: 'UTC',
    },
    logger,
    onOutput: (entry, line) => log.take(entry.replace(/^functions\/|\.ts$/g, ''), line),
  });
  onStarted(threads.stop);
  const warm = threads.warm();
  warm.catch(() => undefined);

  await database?.ready;
  const tables = new DynamoDBClient({ endpoint: dynamodb, region, credentials });
  const streams = new DynamoDBStreamsClient({ endpoint: dynamodb, region, credentials });
  onStarted(async () => {
    tables.destroy();
    streams.destroy();
  });
  await makeTables(tables, resources, made);
  await warm;

  const { queueSources, streamSources } = readEventSources(resources, functions);
  const pollers = [
    ...queueSources.map((source) =>
      startQueuePoller({
        ...{ client: sqs, source, region, logger },
        ...{ queueUrl: queueUrlOf(source.queueArn), invoke: threads.invoke },
      }),
    ),
    ...readRecurringSources(resources, functions).map((source) =>
      startRecurringInvoker({ source, invoke: threads.invoke }),
    ),
    ...streamSources.map((source) =>
      startStreamPoller({
        ...{ client: streams, source, region, logger, invoke: threads.invoke },
        sendToFailures: async (body) => {
          if (source.onFailureArn !== undefined) {
            await send(source.onFailureArn, body);
          }
        },
      }),
    ),
  ];
  const stopPollers = async (): Promise<void> => {
    await Promise.all(pollers.map((poller) => poller.stop()));
  };
  // Without waiting for what they have begun: `drain` does that, and here the functions are about to end anyway.
  onStarted(async () => void stopPollers());

  const attributeByLogicalId = (type: typeof RESOURCE_TYPES.table | typeof RESOURCE_TYPES.queue) =>
    Object.fromEntries(resources.ofType(type).map(({ address }) => [address.id, resources.attribute(address, 'Ref')]));
  return {
    apis,
    accountId: LOCAL_ACCOUNT,
    accessKeyId,
    invoke: threads.invoke,
    aws: {
      ...{ region, credentials, dynamodb, sqs: sqsEndpoint, scheduler: scheduler.endpoint },
      tables: attributeByLogicalId(RESOURCE_TYPES.table),
      queueUrls: attributeByLogicalId(RESOURCE_TYPES.queue),
    },
    keepsData: endpoint !== undefined,
    openGroups: openGroupsOf(functions),
    failed: failed.promise,
    pids: database?.pid === undefined ? [] : [database.pid],
    drain: async () => {
      await stopPollers();
      await threads.idle();
    },
    kill: () => database?.kill(),
  };
};
