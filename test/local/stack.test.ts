import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { GetQueueAttributesCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
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

const directory = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'cronsaga-stack-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
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

  it('runs its sockets: the key decides, and functions post through the management API', async () => {
    const { wsUrl, workerKey } = await start();
    const stranger = new WebSocket(wsUrl, { headers: { Authorization: 'Bearer guess' } });
    stranger.on('error', () => undefined);
    const [, response] = await once(stranger, 'unexpected-response');
    expect(response.statusCode).toBe(401);
    const socket = new WebSocket(wsUrl, { headers: { Authorization: `Bearer ${workerKey}` } });
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
    const file = join(directory(), 'stack.log');
    const environment = { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID: 'theirs', AWS_SECRET_ACCESS_KEY: 'x' };
    // It has no Java to start, and says so by not looking for it.
    const theirs = await start({ environment, log: { file } });
    expect(theirs.aws).toMatchObject({ dynamodb: endpoint, sqs: endpoint });
    expect(theirs.pids()).toEqual([]);
    await postNote(theirs.url, 'one');
    await expect.poll(() => keys(theirs.url), { timeout: 20_000 }).toEqual(EVERYWHERE);
    await theirs.stop();
    // What is in an emulator of one's own outlives the stack; its keys do not.
    expect(readFileSync(file, 'utf8')).toMatch(/revoked \/api\/auth\/api-keys\/2.*revoked \/api\/auth\/api-keys\/1/s);
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

  it('says what to set when its tables have another admin, and leaves nothing running', async () => {
    const before = familyOf(process.pid).length;
    const environment = { ...process.env, AWS_ENDPOINT_URL: undefined, CRONSAGA_ADMIN_PASSWORD: 'not the one' };
    await expect(start({ environment })).rejects.toThrow(
      /another admin than "admin", or another password: set CRONSAGA_ADMIN_USERNAME and CRONSAGA_ADMIN_PASSWORD/,
    );
    await expect.poll(() => familyOf(process.pid).length).toBe(before);
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

describe('the banner', () => {
  const shown = (of: LocalStack) =>
    banner({
      stack: of,
      ...{ engine: 'aws', worker: true, startedInMs: 3_210, logFile: 'logs/cronsaga.log' },
      ...{ adminKeyFile: '.cronsaga/admin-key', workerKeyFile: '.cronsaga/worker-key' },
    });

  it('gives commands that can be pasted, and what they need, once', async () => {
    const started = await start();
    const { url, wsUrl, adminKey, workerKey, admin } = started;
    const text = shown(started);
    expect(text).toContain('ready (3.2 s)');
    expect(text).toContain(`curl -s ${url}/api/v1/tasks`);
    expect(text).toContain(`curl -s ${url}/api/auth/profile -H "Authorization: Bearer $(cat .cronsaga/admin-key)"`);
    // In the environment: other users of the machine can read a program's arguments.
    expect(text).toContain(
      `CRONSAGA_TOKEN="$(cat .cronsaga/worker-key)" npm run worker -- --url ${wsUrl} --name second`,
    );
    expect(text).not.toContain('--token');
    expect(text.split(adminKey)).toHaveLength(2);
    expect(admin).toEqual({ username: 'admin', password: expect.stringMatching(/^[\w-]{24}$/) });
    expect(text).toContain(`user "admin", password ${admin.password}`);
    expect(text).not.toContain(workerKey);
  });

  it('does not repeat a password that it was given', async () => {
    const environment = { CRONSAGA_ADMIN_USERNAME: 'root', CRONSAGA_ADMIN_PASSWORD: 'given before' };
    const started = await start({ environment: { ...process.env, AWS_ENDPOINT_URL: undefined, ...environment } });
    expect(started.admin).toEqual({ username: 'root', password: undefined });
    expect(shown(started)).toContain('user "root", password as in CRONSAGA_ADMIN_PASSWORD');
    expect(shown(started)).not.toContain('given before');
  });
});
