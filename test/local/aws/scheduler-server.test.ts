import {
  ConflictException,
  CreateScheduleCommand,
  type CreateScheduleCommandInput,
  DeleteScheduleCommand,
  GetScheduleCommand,
  ListSchedulesCommand,
  ResourceNotFoundException,
  SchedulerClient,
  ValidationException,
} from '@aws-sdk/client-scheduler';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type SchedulerServer, startSchedulerServer } from '../../../lib/local/aws/scheduler-server.ts';
import { credentials, silent } from '../support.ts';

const QUEUE = 'arn:aws:sqs:us-east-1:000000000000:work';
const DEAD = 'arn:aws:sqs:us-east-1:000000000000:dead';
const BROKEN = 'arn:aws:sqs:us-east-1:000000000000:broken';
const region = 'us-east-1';

type Sent = { readonly arn: string; readonly body: string; readonly atMs: number; readonly attributes: unknown };
let sent: Sent[] = [];
let server: SchedulerServer;
let client: SchedulerClient;

beforeAll(async () => {
  server = await startSchedulerServer({
    groups: ['alarms'],
    region,
    accountId: '000000000000',
    accessKeyId: 'key1',
    send: async (arn, body, attributes) => {
      if (arn === BROKEN) {
        throw new Error('the queue is gone');
      }
      sent.push({ arn, body, atMs: Date.now(), attributes });
    },
    logger: silent,
  });
  client = new SchedulerClient({ endpoint: server.endpoint, region, credentials: credentials('key1'), maxAttempts: 1 });
});
beforeEach(() => {
  sent = [];
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});

/** The second that begins at least this many milliseconds from now. */
const atIn = (ms: number): Date => new Date(Math.ceil((Date.now() + ms) / 1_000) * 1_000);
const expression = (at: Date): string => `at(${at.toISOString().slice(0, 19)})`;

const schedule = (Name: string, more: Partial<CreateScheduleCommandInput> = {}): CreateScheduleCommandInput => ({
  Name,
  GroupName: 'alarms',
  ScheduleExpression: expression(atIn(3_600_000)),
  FlexibleTimeWindow: { Mode: 'OFF' },
  ActionAfterCompletion: 'DELETE',
  Target: { Arn: QUEUE, RoleArn: 'arn:aws:iam::000000000000:role/r', Input: `input of ${Name}` },
  ...more,
});
const create = (...args: Parameters<typeof schedule>) => client.send(new CreateScheduleCommand(schedule(...args)));
const get = (Name: string) => client.send(new GetScheduleCommand({ Name, GroupName: 'alarms' }));

describe('a one-time schedule', () => {
  it('fires at its second, once, and is gone afterwards', async () => {
    const at = atIn(200);
    const { ScheduleArn } = await create('fires', { ScheduleExpression: expression(at) });
    expect(ScheduleArn).toBe('arn:aws:scheduler:us-east-1:000000000000:schedule/alarms/fires');
    await expect.poll(() => sent.length, { timeout: 10_000 }).toBe(1);
    expect(sent[0]).toMatchObject({ arn: QUEUE, body: 'input of fires' });
    expect(sent[0]?.atMs).toBeGreaterThanOrEqual(at.getTime());
    await expect(get('fires')).rejects.toThrow(ResourceNotFoundException);
  });

  it('stays when it is not to be deleted, and keeps its name taken', async () => {
    await create('stays', { ScheduleExpression: expression(atIn(1)), ActionAfterCompletion: 'NONE' });
    await expect.poll(() => sent.length, { timeout: 10_000 }).toBe(1);
    expect(await get('stays')).toMatchObject({ Name: 'stays', GroupName: 'alarms', ActionAfterCompletion: 'NONE' });
    await expect(create('stays')).rejects.toThrow(ConflictException);
  });

  it('is refused under a name that is taken', async () => {
    await create('taken');
    await expect(create('taken')).rejects.toThrow(ConflictException);
    await create('taken-not');
  });

  it('does not fire when it was deleted', async () => {
    await create('deleted', { ScheduleExpression: expression(atIn(300)) });
    await client.send(new DeleteScheduleCommand({ Name: 'deleted', GroupName: 'alarms' }));
    await create('after', { ScheduleExpression: expression(atIn(300)) });
    await expect.poll(() => sent.map(({ body }) => body), { timeout: 10_000 }).toEqual(['input of after']);
    const again = client.send(new DeleteScheduleCommand({ Name: 'deleted', GroupName: 'alarms' }));
    await expect(again).rejects.toThrow(ResourceNotFoundException);
  });

  it('that cannot be delivered ends in its dead-letter queue', async () => {
    await create('lost', {
      ScheduleExpression: expression(atIn(1)),
      Target: {
        ...{ Arn: BROKEN, RoleArn: 'arn:aws:iam::000000000000:role/r', Input: 'lost input' },
        DeadLetterConfig: { Arn: DEAD },
        RetryPolicy: { MaximumRetryAttempts: 1, MaximumEventAgeInSeconds: 60 },
      },
    });
    await expect.poll(() => sent.length, { timeout: 10_000 }).toBe(1);
    expect(sent[0]).toMatchObject({
      arn: DEAD,
      body: 'lost input',
      attributes: {
        ERROR_MESSAGE: { DataType: 'String', StringValue: 'the queue is gone' },
        RETRY_ATTEMPTS: { DataType: 'String', StringValue: '1' },
        TARGET_ARN: { DataType: 'String', StringValue: BROKEN },
      },
    });
  });

  it('is listed by group and prefix', async () => {
    await create('list-a');
    await create('list-b', { GroupName: 'default' });
    const named = async (GroupName: string) => {
      const { Schedules } = await client.send(new ListSchedulesCommand({ GroupName, NamePrefix: 'list-' }));
      return Schedules?.map(({ Name }) => Name);
    };
    expect(await named('alarms')).toEqual(['list-a']);
    expect(await named('default')).toEqual(['list-b']);
  });

  it('keeps what it was given', async () => {
    await create('kept', { Target: { Arn: QUEUE, RoleArn: 'role', RetryPolicy: { MaximumRetryAttempts: 3 } } });
    expect(await get('kept')).toMatchObject({
      Target: { Arn: QUEUE, RoleArn: 'role', RetryPolicy: { MaximumRetryAttempts: 3 } },
      FlexibleTimeWindow: { Mode: 'OFF' },
      ScheduleExpressionTimezone: 'UTC',
      CreationDate: expect.any(Date),
    });
  });
});

describe('what is refused', () => {
  it.each<[string, Partial<CreateScheduleCommandInput>]>([
    ['an instant in the past', { ScheduleExpression: 'at(2020-01-01T00:00:00)' }],
    ['this very second', { ScheduleExpression: expression(new Date()) }],
    ['a fraction of a second', { ScheduleExpression: 'at(2099-01-01T00:00:00.500)' }],
    ['a zone in the instant', { ScheduleExpression: 'at(2099-01-01T00:00:00Z)' }],
    ['a day that there is not', { ScheduleExpression: 'at(2099-13-01T00:00:00)' }],
    ['a recurring schedule', { ScheduleExpression: 'rate(1 minute)' }],
    ['another time zone', { ScheduleExpressionTimezone: 'Europe/Berlin' }],
    ['a flexible window', { FlexibleTimeWindow: { Mode: 'FLEXIBLE', MaximumWindowInMinutes: 5 } }],
    ['a target that is no queue', { Target: { Arn: 'arn:aws:lambda:us-east-1:0:function:f', RoleArn: 'r' } }],
    ['a name with a space', { Name: 'not a name' }],
    ['a name of 65 characters', { Name: 'n'.repeat(65) }],
  ])('%s', async (_name, more) => {
    await expect(create('invalid', more)).rejects.toThrow(ValidationException);
  });

  it('a group that there is not', async () => {
    await expect(create('nowhere', { GroupName: 'nobody' })).rejects.toThrow(ResourceNotFoundException);
  });

  it('a caller with another key, and a web page', async () => {
    const stranger = new SchedulerClient({ endpoint: server.endpoint, region, credentials: credentials('key2') });
    await expect(stranger.send(new ListSchedulesCommand({}))).rejects.toThrow(/security token/);
    stranger.destroy();
    const authorization = 'AWS4-HMAC-SHA256 Credential=key1/20261121/us-east-1/scheduler/aws4_request';
    const page = await fetch(`${server.endpoint}/schedules`, {
      headers: { authorization, origin: 'http://example.com' },
    });
    expect(page.status).toBe(403);
  });
});
