/**
 * The application as it is deployed, in one process and in virtual time: the real composition, handlers and SDK clients
 * over DynamoDB Local, and stand-ins for the other services. What AWS bills beside the SDK's calls is counted where it
 * happens: HTTP requests, messages from workers, invocations, the pollers' requests, lines of log.
 */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetCommand } from '@aws-sdk/lib-dynamodb';
import { openTable } from '../../lib/adapters/dynamodb/client.ts';
import type { Item } from '../../lib/adapters/dynamodb/conditional.ts';
import { createKeyStore } from '../../lib/adapters/dynamodb/identity/api-keys.ts';
import { createCredentialStore } from '../../lib/adapters/dynamodb/identity/credentials.ts';
import { createUserStore } from '../../lib/adapters/dynamodb/identity/users.ts';
import { connectionKey, type Key } from '../../lib/adapters/dynamodb/keys.ts';
import { createConnectionStore } from '../../lib/adapters/dynamodb/side-stores.ts';
import { createFrameAccess } from '../../lib/application/identity/frame-access.ts';
import type { JobInput } from '../../lib/application/jobs/api.ts';
import type { NewFlow } from '../../lib/application/sagas/api.ts';
import { decodeAlarm, encodeAlarm } from '../../lib/contracts/alarm-message.ts';
import type { ServerFrame, WorkerFrame } from '../../lib/contracts/frames.ts';
import type { Alarm } from '../../lib/domain/alarm.ts';
import type { NamedTemplate } from '../../lib/local/template/resolver.ts';
import { composeAdmission } from '../../lib/platform/compose-authentication.ts';
import { composeEngine } from '../../lib/platform/compose-aws.ts';
import { composeCounts } from '../../lib/platform/compose-counts.ts';
import { composeFrames } from '../../lib/platform/compose-frames.ts';
import { createApiHandler } from '../../lib/platform/http/api-handler.ts';
import { createLogger } from '../../lib/platform/logger.ts';
import { createAlarmsHandler } from '../../lib/platform/queue/alarms-handler.ts';
import { createCountsHandler, type WindowedStreamEvent } from '../../lib/platform/stream/counts-handler.ts';
import { createFrameHandler } from '../../lib/platform/websocket/frame-handler.ts';
import { call } from './http-event.ts';
import { frameEvent, queueEvent } from './lambda-events.ts';
import { type Meter, meterDynamodb, meterScheduler, meterSockets, meterSqs, socketMessages } from './meter.ts';
import { readGathering } from './meter-event-sources.ts';
import { createQueueClient, createSchedulerClient, createSocketsClient } from './meter-stand-ins.ts';
import { createStreamReader } from './meter-stream.ts';
import { makeMeterTables, openUnmetered, putRows } from './meter-tables.ts';
import type { Timeline } from './meter-timeline.ts';
import { keyDraft, newWorkerKey } from './worker-keys.ts';

/** What the calls of a run are counted under. */
export type Phase =
  /** The HTTP request that creates it. */
  | 'submit'
  /** The worker's result; of a step with the transaction moved on, and the next step begun. */
  | 'result'
  /** The alarms of an occurrence: the one that EventBridge brings, which is sent on, and the one that fires. */
  | 'fire'
  /** Its alarms: the one that starts it, or the first look; and the last, which finds it ended. */
  | 'alarm'
  /** The alarms that a longer wait adds: later looks, and the one that the claim overtakes. */
  | 'waiting'
  /** The alarms of a transaction. */
  | 'look'
  /** Its share of the totals. */
  | 'counts'
  /** Sessions and heartbeats: by worker and hour, not by run. */
  | 'fleet';

export type MeteredCloud = {
  /** Creates a task over HTTP. */
  readonly submit: (body: object) => Promise<string>;
  readonly createJob: (input: JobInput) => Promise<void>;
  /** @returns its id */
  readonly createFlow: (input: NewFlow) => Promise<string>;
  /** Starts a transaction over HTTP. */
  readonly startTransaction: (body: object) => Promise<void>;
  /**
   * Lets connections in, as if their workers had shown a key. The function instance has heard of each of them once: what it
   * remembers of a connection is good for its two hours.
   */
  readonly letIn: (conns: readonly string[]) => Promise<void>;
  /** A frame that a worker sends. */
  readonly receive: (conn: string, frame: WorkerFrame) => Promise<void>;
  /** Rows like one that is there, with other fields: many sessions, many runs, without the time that making them takes. */
  readonly copyRow: (of: Key, copies: readonly Item[]) => Promise<void>;
  /** Arms for a run what was armed for another. */
  readonly copyAlarm: (of: string, run: string) => void;
  /** Who gets the frames that are posted to a connection. */
  readonly attach: (conn: string, take: (frame: ServerFrame) => Promise<void>) => void;
  /** Told by the workers: which runs have come to them, and which have ended; also of transactions. */
  readonly onPushed: (run: string) => void;
  readonly onEnded: (id: string) => void;
  /** Sets the meter to nothing. What has ended by now is no part of the load: its alarms come no more. */
  readonly beginCounting: () => void;
  /** The alarms of what `work` does come one after the other from that instant on, instead of at their own. */
  readonly postponingAlarms: (from: number, everyMs: number, work: () => Promise<void>) => Promise<void>;
  /** How long the changes of a batch are gathered. */
  readonly totalsEveryMs: number;
  /** Counts what has changed so far, and from now on what each window gathers. */
  readonly keepTotals: () => Promise<void>;
  /** From now on only the alarms of what has ended come; resolves when all of them have, and all changes are counted. */
  readonly close: () => Promise<void>;
};

const KIND_PHASES: Readonly<Record<string, Phase>> = { session: 'fleet', saga: 'look' };

type Message = { readonly body: string; readonly alarm: Alarm };

/** Long enough for every alarm of what has ended to come: the longest is 15 minutes away. */
const LAST_ALARM_MS = 16 * 60_000;
/** A run that turns ready is looked at after 1 s (rule A7): every run that has to wait pays for that look. */
const FIRST_LOOK_MS = 1_500;
/** API Gateway's own line for each request or message; see `access-logs.ts` for its fields. */
const ACCESS_LOG_BYTES = 250;
/**
 * EventBridge Scheduler fires at some time within the minute, and SQS counts from there: what is due in one second does not
 * arrive in one batch.
 */
const SCHEDULE_SPREAD_MS = 100;

export const openMeteredCloud = async (options: {
  readonly endpoint: string;
  readonly templates: readonly NamedTemplate[];
  readonly meter: Meter;
  readonly timeline: Timeline;
  /** Partitions of the table. */
  readonly streamShards: number;
  /** Without heartbeats a session would be lost after 45 s: then its alarm is kept away. */
  readonly watchesSessions: boolean;
}): Promise<MeteredCloud> => {
  const { endpoint, templates, meter, timeline, streamShards, watchesSessions } = options;
  const { now } = timeline;
  const { queue, stream } = readGathering(templates);

  const tables = await makeMeterTables(endpoint, templates);
  const { env, place } = tables;
  const { TABLE_NAME, DEFINITIONS_TABLE } = env;
  const reader = await createStreamReader(place, tables.streamArn, stream.filters, streamShards);

  const workers = new Map<string, (frame: ServerFrame) => Promise<void>>();
  const pushed = new Set<string>();
  const ended = new Set<string>();
  const uncounted = new Set<string>();
  const dueAt = new Map<string, number>();
  /** The newest alarm of each run: what is older has been overtaken. */
  const newest = new Map<string, Alarm>();
  let visible: Message[] = [];
  let isClosing = false;
  let schedules = 0;
  let postponed: { next: number; readonly everyMs: number } | undefined;

  const phaseOf = ({ key, g }: Alarm): Phase => {
    if (key.kind !== 'run') {
      return KIND_PHASES[key.kind] ?? 'fire';
    }
    const waits = !pushed.has(key.id) && !ended.has(key.id) && now() > (dueAt.get(key.id) ?? now()) + FIRST_LOOK_MS;
    return waits || g < (newest.get(key.id)?.g ?? 0) ? 'waiting' : 'alarm';
  };

  const ring = async (): Promise<void> => {
    const batch = visible.splice(0, queue.batchSize);
    if (batch.length === 0) {
      return;
    }
    for (const { alarm } of batch) {
      const phase = phaseOf(alarm);
      const share = { count: 1 / batch.length };
      meter.add({ service: 'sqs', operation: 'ReceiveMessage' }, share, phase);
      meter.add({ service: 'sqs', operation: 'DeleteMessageBatch' }, share, phase);
      meter.add({ service: 'lambda', operation: 'invoke', target: 'alarms' }, share, phase);
    }
    const event = queueEvent(batch.map(({ body }) => body));
    const { batchItemFailures } = await meter.invocation(() => handleAlarms(event));
    if (batchItemFailures.length > 0) {
      throw new Error('An alarm failed');
    }
  };

  const show = (message: Message): void => {
    const { key } = message.alarm;
    const isWanted = isClosing ? ended.has(key.id) : key.kind !== 'session' || watchesSessions;
    if (!isWanted || uncounted.has(key.id)) {
      return;
    }
    visible.push(message);
    if (visible.length === 1) {
      timeline.at(now() + queue.windowMs, ring);
    } else if (visible.length % queue.batchSize === 0) {
      timeline.at(now(), ring);
    }
  };

  const enqueue = (body: string, delayMs: number): void => {
    const alarm = decodeAlarm(body);
    if (alarm.key.kind === 'run') {
      newest.set(alarm.key.id, alarm);
    }
    const instant = postponed?.next ?? now() + delayMs;
    if (postponed !== undefined) {
      postponed.next += postponed.everyMs;
    }
    timeline.at(instant, async () => show({ body, alarm }));
  };

  const clients = {
    dynamodb: meterDynamodb(meter, new DynamoDBClient(place)),
    sqs: meterSqs(meter, createQueueClient(enqueue)),
    scheduler: meterScheduler(
      meter,
      createSchedulerClient((input, fireAt) => {
        schedules += 1;
        const lateMs = (schedules * SCHEDULE_SPREAD_MS) % 1_000;
        timeline.at(fireAt + lateMs, async () => {
          if (isClosing) {
            return;
          }
          const phase = phaseOf(decodeAlarm(input));
          meter.add({ service: 'scheduler', operation: 'invoke' }, { count: 1 }, phase);
          // EventBridge Scheduler sends the message itself.
          meter.add({ service: 'sqs', operation: 'SendMessage' }, { count: 1 }, phase);
          enqueue(input, 0);
        });
      }),
    ),
    sockets: meterSockets(
      meter,
      createSocketsClient((conn, text) =>
        timeline.at(now(), async () => workers.get(conn)?.(JSON.parse(text) as ServerFrame)),
      ),
    ),
  };
  const logger = createLogger({
    level: env.LOG_LEVEL,
    write: (line) => meter.add({ service: 'logs', operation: 'line' }, { count: 1, bytes: Buffer.byteLength(line) }),
  });
  const engine = composeEngine(env, logger, { clients, now });
  const surroundings = { dynamodb: clients.dynamodb, now };
  const { admission, record } = composeAdmission(env, logger, surroundings);
  const handleRequest = createApiHandler({
    engine,
    admission,
    record,
    webSocketUrl: 'wss://ws.example.com/test',
    logger,
    now,
  });
  const access = createFrameAccess({
    connections: createConnectionStore(openTable(TABLE_NAME, clients.dynamodb)),
    credentials: createCredentialStore(openTable(DEFINITIONS_TABLE, clients.dynamodb)),
    audit: { append: record },
    authentication: admission.authentication,
    now,
  });
  const handleFrame = createFrameHandler({ engine: composeFrames(env, logger, { clients, now }), access, logger });
  const handleAlarms = createAlarmsHandler({
    engine: { ring: (alarm) => meter.during(phaseOf(alarm), () => engine.ring(alarm)) },
    logger,
    bringBack: async () => undefined,
  });
  const handleChanges = createCountsHandler({
    countChanges: composeCounts(TABLE_NAME, { dynamodb: clients.dynamodb, now }),
  });

  const runsTable = openUnmetered(tables, TABLE_NAME);

  const countInvocation = (target: string, phase: Phase): void =>
    meter.add({ service: 'lambda', operation: 'invoke', target }, { count: 1 }, phase);

  const countChanges = async (): Promise<number> => {
    const byShard = await reader.read();
    for (const [shardId, Records] of byShard) {
      countInvocation('counts', 'counts');
      const event = { Records, shardId, state: {} } as WindowedStreamEvent;
      await meter.during('counts', () => meter.invocation(() => handleChanges(event)));
    }
    return byShard.size;
  };

  const keepTotals = async (): Promise<void> => {
    await countChanges();
    if (!isClosing) {
      timeline.at(now() + stream.windowMs, keepTotals);
    }
  };

  const post = (path: string, body: object, expected: number): Promise<string> =>
    meter.during('submit', async () => {
      meter.add({ service: 'http', operation: 'request' }, { count: 1 });
      meter.add({ service: 'logs', operation: 'access' }, { count: 1, bytes: ACCESS_LOG_BYTES });
      countInvocation('api', 'submit');
      const { status, text } = await meter.invocation(() => call(handleRequest, `POST ${path}`, { body }));
      if (status !== expected) {
        throw new Error(`The request was refused: ${status} ${text}`);
      }
      return text;
    });

  return {
    submit: async (body) => {
      const text = await post('/api/v1/tasks', body, 201);
      const { task } = JSON.parse(text) as { readonly task: { readonly id: number; readonly execute_at: string } };
      dueAt.set(String(task.id), Date.parse(task.execute_at));
      return String(task.id);
    },
    startTransaction: async (body) => {
      await post('/api/v1/transactions', body, 200);
    },
    createJob: async (input) => {
      const { kind } = await engine.jobs.create(input, 'user:1');
      if (kind !== 'created') {
        throw new Error(`The job was refused: ${kind}`);
      }
    },
    createFlow: async (input) => {
      const result = await engine.flows.create(input);
      if (result.kind !== 'created') {
        throw new Error(`The flow was refused: ${JSON.stringify(result)}`);
      }
      return result.view.flow.id;
    },
    receive: async (conn, frame) => {
      if (isClosing) {
        return;
      }
      const phase = frame.type === 'result' ? 'result' : 'fleet';
      const body = JSON.stringify(frame);
      await meter.during(phase, async () => {
        meter.add({ service: 'socket', operation: 'received' }, { count: socketMessages(Buffer.byteLength(body)) });
        meter.add({ service: 'logs', operation: 'access' }, { count: 1, bytes: ACCESS_LOG_BYTES });
        countInvocation('frame', phase);
        const answer = await meter.invocation(() => handleFrame(frameEvent(conn, body)));
        if (typeof answer === 'string' || answer.statusCode !== 200) {
          throw new Error(`The frame failed: ${body}`);
        }
      });
    },
    letIn: async (conns) => {
      const pool = 'default';
      const wanted = { pools: [pool] };
      const { owner, key } = newWorkerKey('1000', 'workers', wanted, { now: now(), mark: 'meter' });
      const table = openUnmetered(tables, DEFINITIONS_TABLE);
      await createUserStore(table).create(owner, keyDraft('user.created', owner, now()));
      await createKeyStore(table).create(key, keyDraft('key.created', key, now()));
      const { id, name, hash, scopes, pools } = key;
      const grant = { owner: owner.id, key: id, name, hash, scopes, pools };
      await putRows(
        runsTable,
        conns.map((conn) => ({ ...connectionKey(conn), grant })),
      );
      const frame = { type: 'goodbye' as const, session: 'none', pool };
      for (const conn of conns) {
        await access({ conn, frame }, { address: '192.0.2.1', requestId: conn });
      }
    },
    copyRow: async (of, copies) => {
      const { Item } = await runsTable.client.send(
        new GetCommand({ TableName: TABLE_NAME, Key: of, ConsistentRead: true }),
      );
      await putRows(
        runsTable,
        copies.map((copy) => ({ ...Item, ...copy })),
      );
    },
    copyAlarm: (of, run) => {
      const alarm = newest.get(of);
      if (alarm !== undefined) {
        dueAt.set(run, dueAt.get(of) ?? now());
        enqueue(encodeAlarm({ ...alarm, key: { kind: 'run', id: run } }), alarm.dueAt - now());
      }
    },
    attach: (conn, take) => workers.set(conn, take),
    onPushed: (run) => pushed.add(run),
    onEnded: (id) => {
      if (!isClosing) {
        ended.add(id);
      }
    },
    beginCounting: () => {
      meter.reset();
      for (const id of ended) {
        uncounted.add(id);
      }
      ended.clear();
    },
    postponingAlarms: async (from, everyMs, work) => {
      postponed = { next: from, everyMs };
      await work();
      postponed = undefined;
    },
    totalsEveryMs: stream.windowMs,
    keepTotals,
    close: async () => {
      isClosing = true;
      visible = visible.filter(({ alarm }) => ended.has(alarm.key.id));
      await countChanges();
      await timeline.runUntil(now() + LAST_ALARM_MS);
      reader.close();
      for (const client of Object.values(clients)) {
        client.destroy();
      }
    },
  };
};
