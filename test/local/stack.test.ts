import { once } from 'node:events';
import { join } from 'node:path';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { startDynamoDbLocal } from '../../lib/local/aws/dynamodb-local.ts';
import { startQueueServer } from '../../lib/local/aws/queue-server.ts';
import { banner } from '../../lib/local/banner.ts';
import { requireJava } from '../../lib/local/preflight.ts';
import { type LocalStack, type LocalStackOptions, startLocalStack } from '../../lib/local/stack.ts';
import { familyOf } from '../support/processes.ts';
import { fixtureTemplates } from './fixtures/templates.ts';
import { frontFor, listenOn, silent } from './support.ts';

let stack: LocalStack | undefined;
afterEach(() => stack?.stop());

const start = async (more: Partial<LocalStackOptions> = {}): Promise<LocalStack> => {
  const started = await startLocalStack({
    port: 0,
    engine: 'aws',
    worker: false,
    templates: fixtureTemplates(),
    functionsRoot: join(import.meta.dirname, 'fixtures'),
    environment: { ...process.env, AWS_ENDPOINT_URL: undefined },
    ...more,
  });
  stack = started;
  return started;
};

const keys = async (url: string): Promise<readonly string[]> => {
  const answer = (await (await fetch(url)).json()) as { readonly keys: readonly string[] };
  return answer.keys;
};
const postNote = (url: string, note: string) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ note }) });

/** A note goes over HTTP into the table, over the stream and over the queue; what is no note passes no filter. */
const EVERYWHERE = ['HANDLED#one', 'NOTE#one', 'OTHER#one', 'STREAMED#NOTE#one'];

describe('the local stack', () => {
  it('runs what the template describes: HTTP, table, stream, queue and its dead letters', async () => {
    const { url, aws } = await start();
    expect((await postNote(url, 'one')).status).toBe(201);
    await expect.poll(() => keys(url), { timeout: 20_000 }).toEqual(EVERYWHERE);
    const { region, credentials, sqs: endpoint, queueUrls } = aws ?? expect.fail('no endpoints');
    const client = new SQSClient({ endpoint, region, credentials });
    await client.send(new SendMessageCommand({ QueueUrl: queueUrls.Work, MessageBody: 'poison' }));
    const deadLetters = async (): Promise<string | undefined> => {
      const command = new GetQueueAttributesCommand({ QueueUrl: queueUrls.Failed, AttributeNames: ['All'] });
      return (await client.send(command)).Attributes?.ApproximateNumberOfMessages;
    };
    await expect.poll(deadLetters, { timeout: 20_000 }).toBe('1');
    client.destroy();
  });

  it('runs its sockets: the token decides, and functions post through the management API', async () => {
    const { wsUrl, token } = await start();
    const stranger = new WebSocket(wsUrl, { headers: { Authorization: 'Bearer guess' } });
    stranger.on('error', () => undefined);
    const [, response] = await once(stranger, 'unexpected-response');
    expect(response.statusCode).toBe(401);
    const socket = new WebSocket(wsUrl, { headers: { Authorization: `Bearer ${token}` } });
    await once(socket, 'open');
    socket.send('hello');
    const [message] = await once(socket, 'message');
    expect(String(message)).toBe('echo hello');
    const closed = once(socket, 'close');
    await stack?.stop();
    expect((await closed)[0]).toBe(1001);
  });

  it('uses the emulator that AWS_ENDPOINT_URL names', async () => {
    const database = await startDynamoDbLocal({
      ...{ java: await requireJava(), logger: silent, onEnd: () => undefined },
    });
    await database.ready;
    const queues = await startQueueServer('theirs');
    const front = frontFor({ dynamodb: database.endpoint, sqs: queues.endpoint });
    const endpoint = `http://127.0.0.1:${await listenOn(front)}`;
    const environment = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'theirs', AWS_SECRET_ACCESS_KEY: 'x' };
    // It has no Java to start, and says so by not looking for it.
    const theirs = await start({ environment });
    expect(theirs.aws).toMatchObject({ dynamodb: endpoint, sqs: endpoint });
    expect(theirs.pids()).toEqual([]);
    await postNote(theirs.url, 'one');
    await expect.poll(() => keys(theirs.url), { timeout: 20_000 }).toEqual(EVERYWHERE);
    await theirs.stop();
    // What is in an emulator of one's own outlives the stack.
    const again = await start({ environment });
    expect(await keys(again.url)).toEqual(expect.arrayContaining(EVERYWHERE));
    await again.stop();
    front.closeAllConnections();
    front.close();
    await queues.stop();
    await database.stop();
  });

  it('tells when DynamoDB Local has ended by itself', async () => {
    const { failed, pids } = await start();
    const [group = expect.fail('no process')] = pids();
    process.kill(-group, 'SIGKILL');
    expect(await failed).toMatch(/^DynamoDB Local ended with SIGKILL/);
  });

  it('ends what it had started when a part cannot start', async () => {
    const before = familyOf(process.pid).length;
    const templates = fixtureTemplates({ Bus: { Type: 'AWS::Events::Rule' } });
    await expect(start({ templates })).rejects.toThrow(/App\/Bus: the local runtime does not know AWS::Events::Rule/);
    await expect.poll(() => familyOf(process.pid).length).toBe(before);
  });
});

describe('the application of this repository on the memory engine', () => {
  const startMemory = () => startLocalStack({ port: 0, engine: 'memory', worker: true });

  it('runs a task on the worker that comes with it, and leaves no process behind', async () => {
    stack = await startMemory();
    const { url, pids } = stack;
    const task = {
      task_type: 'shell',
      payload: { command: 'echo done' },
      execute_at: new Date(Date.now() + 1_000).toISOString(),
    };
    const headers = { 'content-type': 'application/json' };
    const created = await fetch(`${url}/api/v1/tasks`, { method: 'POST', headers, body: JSON.stringify(task) });
    expect(created.status).toBe(201);
    const statuses = async (): Promise<readonly string[]> => {
      const { tasks } = (await (await fetch(`${url}/api/v1/tasks`)).json()) as { tasks: readonly { status: string }[] };
      return tasks.map(({ status }) => status);
    };
    await expect.poll(statuses, { timeout: 20_000 }).toEqual(['completed']);
    const [worker = expect.fail('no worker')] = pids();
    await stack.stop();
    expect(familyOf(worker)).toEqual([]);
  });

  it('starts its worker again when it dies', async () => {
    stack = await startMemory();
    const { pids } = stack;
    const [first = expect.fail('no worker')] = pids();
    process.kill(first, 'SIGKILL');
    await expect
      .poll(
        () =>
          pids()
            .flatMap(familyOf)
            .filter(({ pid }) => pid !== first).length,
        { timeout: 20_000 },
      )
      .toBeGreaterThan(0);
  });
});

it('the banner gives commands that can be pasted, and no secret', async () => {
  const { url, wsUrl, token } = await start();
  const text = banner({
    stack: stack ?? expect.fail('no stack'),
    ...{
      engine: 'aws',
      worker: true,
      tokenFile: '.cronsaga/worker-token',
      logFile: 'logs/cronsaga.log',
      startedInMs: 3_210,
    },
  });
  expect(text).toContain('ready (3.2 s)');
  expect(text).toContain(`curl -s ${url}/api/v1/tasks`);
  expect(text).toContain(`npm run worker -- --url ${wsUrl} --token "$(cat .cronsaga/worker-token)"`);
  expect(text).not.toContain(token);
});
