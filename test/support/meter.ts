/**
 * The cost meter: counts the requests and the DynamoDB units that the SDK's clients use, as AWS would bill them.
 *
 * Units come from `ReturnConsumedCapacity: INDEXES`, asked for with every call. DynamoDB Local 3.3.1 differs from AWS in
 * three places, which are put right here; `test/budgets/meter.test.ts` shows both.
 *
 * | call                       | DynamoDB Local reports                   | AWS bills, and the meter counts            |
 * | -------------------------- | ---------------------------------------- | ------------------------------------------ |
 * | a query that finds nothing | 0                                        | 0.5, or 1 when it is consistent            |
 * | a transaction              | twice the kilobytes of all its items      | twice the kilobytes of each: at least 2 an |
 * |                            | together                                 | item                                       |
 * | a condition that failed    | nothing: an exception has no capacity    | 1 for a row below 1 KB, as ours are; in a  |
 * |                            |                                          | transaction 2 for each of its items        |
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { ApiGatewayManagementApiClient } from '@aws-sdk/client-apigatewaymanagementapi';
import type { ConsumedCapacity, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SchedulerClient } from '@aws-sdk/client-scheduler';
import type { SQSClient } from '@aws-sdk/client-sqs';

export type Service = 'dynamodb' | 'sqs' | 'scheduler' | 'socket' | 'http' | 'lambda' | 'logs';

type Subject = {
  readonly service: Service;
  readonly operation: string;
  /** The kind of item, the index, or the function. */
  readonly target?: string;
};

type Amount = {
  /** Requests, messages, invocations or log events. */
  readonly count: number;
  /** Those of them that a function waited for, one after the other: calls side by side are waited for once. */
  readonly calls: number;
  readonly reads: number;
  readonly writes: number;
  readonly bytes: number;
};

export type Use = Subject & Amount & { readonly phase: string };

export type Meter = {
  /** Whatever is counted in the course of `work` belongs to this phase. */
  readonly during: <T>(phase: string, work: () => Promise<T>) => Promise<T>;
  /** `work` is one invocation of a function: its calls may go side by side. */
  readonly invocation: <T>(work: () => Promise<T>) => Promise<T>;
  /** A call of a client. `waited`: 0 when another call of the invocation was under way, else 1. */
  readonly call: <T>(work: (waited: number) => Promise<T>) => Promise<T>;
  readonly add: (subject: Subject, amount: Partial<Amount>, phase?: string) => void;
  /** Sums, one for each phase and subject. */
  readonly uses: () => readonly Use[];
  readonly reset: () => void;
};

export const createMeter = (): Meter => {
  const phases = new AsyncLocalStorage<string>();
  const invocations = new AsyncLocalStorage<{ underWay: number }>();
  const sums = new Map<string, Use>();
  const nothing = { count: 0, calls: 0, reads: 0, writes: 0, bytes: 0 };
  return {
    during: (phase, work) => phases.run(phase, work),
    invocation: (work) => invocations.run({ underWay: 0 }, work),
    call: async (work) => {
      const invocation = invocations.getStore() ?? { underWay: 0 };
      const waited = invocation.underWay === 0 ? 1 : 0;
      invocation.underWay += 1;
      try {
        return await work(waited);
      } finally {
        invocation.underWay -= 1;
      }
    },
    add: (subject, amount, phase = phases.getStore() ?? 'none') => {
      const key = JSON.stringify([phase, subject.service, subject.operation, subject.target]);
      const before = sums.get(key) ?? { ...nothing, ...subject, phase };
      const { count = 0, calls = 0, reads = 0, writes = 0, bytes = 0 } = amount;
      sums.set(key, {
        ...before,
        count: before.count + count,
        calls: before.calls + calls,
        reads: before.reads + reads,
        writes: before.writes + writes,
        bytes: before.bytes + bytes,
      });
    },
    uses: () => [...sums.values()],
    reset: () => sums.clear(),
  };
};

type Input = Readonly<Record<string, unknown>>;

const ITEM_KINDS: Readonly<Record<string, string>> = {
  RUN: 'run',
  JOB_RUN: 'run',
  STEP_RUN: 'run',
  SAGA: 'transaction',
  INSTANCE: 'transaction',
  SAGA_EXCEPTION: 'saga exception',
  FLOW: 'flow',
  JOB: 'job',
  POOL: 'session',
  DATA: 'text',
  CONN: 'connection',
  KEY: 'idempotency key',
  EXCEPTION: 'exception',
  COUNT: 'counter',
  COUNT_HOURS: 'counter',
  NEEDS: 'needs',
  USER: 'credential',
  API_KEY: 'credential',
  AUDIT: 'audit entry',
  THROTTLE: 'throttle',
};
const ITEM_KIND = new RegExp(`"(${Object.keys(ITEM_KINDS).join('|')})[#"]`);

/** Which kind of item a call is about: the index that it reads, or the prefix of the first partition key in it. */
const targetOf = (input: Input): string => {
  if (typeof input.IndexName === 'string') {
    return `index ${input.IndexName}`;
  }
  const { Key, Item, RequestItems, TransactItems, ExpressionAttributeValues } = input;
  const text = JSON.stringify([Key, Item, RequestItems, TransactItems, ExpressionAttributeValues]);
  const prefix = ITEM_KIND.exec(text)?.[1];
  return ITEM_KINDS[prefix ?? ''] ?? 'other';
};

const READS = new Set(['GetItemCommand', 'BatchGetItemCommand', 'QueryCommand']);

const transactionItems = (input: Input): number =>
  Array.isArray(input.TransactItems) ? input.TransactItems.length : 0;

/** What the call cost, by where: the table's own items under '' and each index under its name. */
const unitsOf = (command: string, input: Input, capacity: readonly ConsumedCapacity[]): Map<string, number> => {
  const units = new Map<string, number>();
  const add = (where: string, amount = 0): void => {
    units.set(where, (units.get(where) ?? 0) + amount);
  };
  for (const { Table, GlobalSecondaryIndexes = {} } of capacity) {
    add('', Table?.CapacityUnits);
    for (const [index, { CapacityUnits }] of Object.entries(GlobalSecondaryIndexes)) {
      add(index, CapacityUnits);
    }
  }
  const total = [...units.values()].reduce((sum, amount) => sum + amount, 0);
  if (command === 'QueryCommand' && total === 0) {
    add('', input.ConsistentRead === true ? 1 : 0.5);
  }
  const least = 2 * transactionItems(input);
  if (least > (units.get('') ?? 0)) {
    units.set('', least);
  }
  return units;
};

const FAILED_CONDITIONS = ['ConditionalCheckFailedException', 'TransactionCanceledException'];

/** Requests that one call made: the SDK repeats those that failed for want of capacity or of an answer. */
const attemptsOf = (metadata: { readonly attempts?: number } | undefined): number => metadata?.attempts ?? 1;

export const meterDynamodb = (meter: Meter, client: DynamoDBClient): DynamoDBClient => {
  client.middlewareStack.add(
    (next, context) => (args) =>
      meter.call(async (waited) => {
        const input: Input = { ...args.input };
        const command = String(context.commandName);
        const name = command.replace(/Command$/, '');
        const target = targetOf(input);
        const count = (operation: string, units: Map<string, number>, requests: number): void => {
          meter.add({ service: 'dynamodb', operation, target }, { count: requests, calls: waited });
          for (const [index, amount] of units) {
            const where = index === '' || READS.has(command) ? target : `index ${index}`;
            const amounts = READS.has(command) ? { reads: amount } : { writes: amount };
            meter.add({ service: 'dynamodb', operation, target: where }, amounts);
          }
        };
        try {
          const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'INDEXES' } });
          const { $metadata, ConsumedCapacity = [] } = result.output as {
            readonly $metadata: { readonly attempts?: number };
            readonly ConsumedCapacity?: ConsumedCapacity | readonly ConsumedCapacity[];
          };
          count(name, unitsOf(command, input, [ConsumedCapacity].flat()), attemptsOf($metadata));
          return result;
        } catch (error) {
          if (error instanceof Error && FAILED_CONDITIONS.includes(error.name)) {
            count(`${name} refused`, new Map([['', Math.max(1, 2 * transactionItems(input))]]), 1);
          }
          throw error;
        }
      }),
    { step: 'initialize', name: 'meterCapacity' },
  );
  return client;
};

export const meterSqs = (meter: Meter, client: SQSClient): SQSClient => {
  client.middlewareStack.add(
    (next, context) => (args) =>
      meter.call(async (waited) => {
        const result = await next(args);
        const operation = String(context.commandName).replace(/Command$/, '');
        meter.add({ service: 'sqs', operation }, { count: attemptsOf(result.output.$metadata), calls: waited });
        return result;
      }),
    { step: 'initialize', name: 'meterRequests' },
  );
  return client;
};

export const meterScheduler = (meter: Meter, client: SchedulerClient): SchedulerClient => {
  client.middlewareStack.add(
    (next, context) => (args) =>
      meter.call(async (waited) => {
        const result = await next(args);
        // Making a schedule is free; its invocation is billed when it fires.
        const operation = String(context.commandName).replace(/Command$/, '');
        meter.add({ service: 'scheduler', operation }, { calls: waited });
        return result;
      }),
    { step: 'initialize', name: 'meterRequests' },
  );
  return client;
};

/** API Gateway bills a WebSocket message in units of 32 KB. */
export const socketMessages = (bytes: number): number => Math.max(1, Math.ceil(bytes / (32 * 1024)));

export const meterSockets = (meter: Meter, client: ApiGatewayManagementApiClient): ApiGatewayManagementApiClient => {
  client.middlewareStack.add(
    (next, context) => (args) =>
      meter.call(async (waited) => {
        const result = await next(args);
        const data = 'Data' in args.input ? args.input.Data : undefined;
        const sent = context.commandName === 'PostToConnectionCommand';
        const bytes = typeof data === 'string' ? Buffer.byteLength(data) : 0;
        meter.add(
          { service: 'socket', operation: sent ? 'sent' : 'closed' },
          { count: sent ? socketMessages(bytes) : 0, calls: waited },
        );
        return result;
      }),
    { step: 'initialize', name: 'meterMessages' },
  );
  return client;
};
