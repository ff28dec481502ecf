/**
 * Transactions on the whole application: real work by a worker of its own, requests to a server, a message to a queue, people
 * who signal, repair and turn back. What was done is told by what the worker wrote down, not by what is reported.
 */
import { createServer, type IncomingMessage } from 'node:http';
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExceptionRow, ExceptionShown } from '../../lib/contracts/http/e/exception.ts';
import type { TransactionTaskDetail } from '../../lib/contracts/http/e/transaction.ts';
import { startTestStack, type TestStack } from '../support/local-stack.ts';
import { createSagaClient, type SagaClient } from '../support/saga-client.ts';
import { historyProblems, type SagaEffect } from '../support/saga-history.ts';
import { type SagaWorkerProcess, startSagaWorker } from '../support/saga-worker-process.ts';
import { until } from '../support/until.ts';

const TIMEOUT_MS = 60_000;

let running: TestStack | undefined;
let sagas: SagaClient;
let worker: SagaWorkerProcess;
const closing: (() => Promise<void>)[] = [];

const app = (): TestStack => {
  if (!running) {
    throw new Error('The stack did not start');
  }
  return running;
};

beforeAll(async () => {
  running = await startTestStack({ engine: 'aws', worker: false });
  const { stack, directory } = running;
  sagas = createSagaClient(stack.url, stack.adminKey);
  worker = startSagaWorker(
    { url: stack.wsUrl, token: stack.workerKey, name: 'hand', workers: 1, maxTasks: 20 },
    directory,
  );
  closing.push(worker.stop);
  await worker.connected;
}, TIMEOUT_MS);

afterAll(async () => {
  for (const close of closing.reverse()) {
    await close();
  }
  await running?.stop();
}, TIMEOUT_MS);

const NO_RETRY = { strategy: 'no_retry' };
/** It is given what its step was given, but for what it fixes itself. */
const undo = { compensate: { config: { handler: 'undo', ms: 0, fails: 0 } } };
/** A step of the worker's. */
const work = (id: string, depends_on: readonly string[] = [], more: object = {}) => ({
  ...{ id, depends_on, config: { handler: 'do' } },
  ...more,
});

/** What the worker did for a transaction: `do reserve`, `undo reserve`, in the order in which it ended. */
const effectsOf = async (instance: string): Promise<readonly SagaEffect[]> => {
  const { tasks } = await sagas.get(instance);
  const no = tasks.find(({ run_id }) => run_id !== undefined)?.run_id?.split('~')[0];
  return worker.effects().filter(({ saga }) => saga === no);
};
const doneOf = (effects: readonly SagaEffect[]): readonly string[] =>
  effects.filter(({ what }) => what === 'done').map((effect) => `${effect.undo ? 'undo' : 'do'} ${effect.step}`);

const exceptionsOf = async (flow: string): Promise<readonly ExceptionRow[]> => {
  const { list } = await sagas.ask<{ readonly list: readonly ExceptionRow[] }>('GET', `/exceptions?flow_id=${flow}`);
  return list;
};
const theException = (flow: string): Promise<ExceptionRow> =>
  until('an exception', async () => (await exceptionsOf(flow))[0]);

const outputsOf = async (instance: string): Promise<Readonly<Record<string, unknown>>> => {
  const { list } = await sagas.ask<{ readonly list: readonly TransactionTaskDetail[] }>(
    'GET',
    `/transactions/${instance}/tasks`,
  );
  return Object.fromEntries(list.map(({ definition_id, output }) => [definition_id, output]));
};

type Received = { readonly path: string; readonly key: string | undefined; readonly body: unknown };

/** A server that answers what it was asked. */
const startServer = async (): Promise<{ readonly host: string; readonly received: Received[] }> => {
  const received: Received[] = [];
  const textOf = async (request: IncomingMessage): Promise<string> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) {
      chunks.push(Buffer.from(chunk));
    }
    return Buffer.concat(chunks).toString();
  };
  const server = createServer(async (request, response) => {
    const body: unknown = JSON.parse(await textOf(request));
    const { url: path = '', headers } = request;
    received.push({ path, key: headers['idempotency-key']?.toString(), body });
    response.end(JSON.stringify({ answered: path, to: body }));
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { host: `127.0.0.1:${port}`, received };
};

const receiveFromDemo = async (): Promise<{ readonly body: unknown; readonly key: string | undefined }> => {
  const { aws } = app().stack;
  if (!aws) {
    throw new Error('This engine has no queue');
  }
  const [, QueueUrl = ''] = Object.entries(aws.queueUrls).find(([id]) => id.startsWith('StepQueue')) ?? [];
  const client = new SQSClient({ endpoint: aws.sqs, region: aws.region, credentials: aws.credentials });
  const message = await until('a message', async () => {
    const { Messages = [] } = await client.send(
      new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'], WaitTimeSeconds: 1 }),
    );
    return Messages[0];
  });
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
  client.destroy();
  return {
    body: JSON.parse(message.Body ?? ''),
    key: message.MessageAttributes?.['Idempotency-Key']?.StringValue,
  };
};

describe.concurrent('a transaction', () => {
  it('passes what its steps put out to the next, of every type', { timeout: TIMEOUT_MS }, async () => {
    const { host, received } = await startServer();
    const flow = await sagas.define([
      work('reserve'),
      {
        ...{ id: 'charge', type: 'rpc', depends_on: ['reserve'] },
        config: {
          service: host,
          method: 'charge',
          pool: 'default',
          params: { amount: '$.reserve.output.given.total' },
        },
      },
      {
        ...{ id: 'label', type: 'http', depends_on: ['reserve'] },
        config: { url: `http://${host}/labels`, pool: 'default', body: { of: '$.reserve.output.run' } },
      },
      work('pack', ['charge', 'label'], {
        config: { handler: 'do', charged: '$.charge.output.to.params.amount', label: '$.label.output.answered' },
      }),
      {
        id: 'announce',
        type: 'queue',
        depends_on: ['pack'],
        config: { queue: 'demo', body: { box: '$.pack.output' } },
      },
      { id: 'approval', type: 'wait', depends_on: ['announce'], config: { signal: true } },
      work('ship', ['approval'], {
        when: { path: '$.approval.output.ok', equals: true },
        config: { handler: 'do', by: '$.approval.output.by' },
      }),
      work('discard', ['approval'], { when: { path: '$.approval.output.ok', equals: false } }),
    ]);
    await sagas.start('order:1', flow, { reserve: { total: 129.9 } });

    const { tasks } = await until('the approval is waited for', async () => {
      const found = await sagas.get('order:1');
      return found.tasks.some(({ definition_id, status }) => definition_id === 'approval' && status === 'running')
        ? found
        : undefined;
    });
    const runOf = (step: string) => tasks.find(({ definition_id }) => definition_id === step)?.run_id;
    const pack = { charged: 129.9, label: '/labels' };
    expect(await receiveFromDemo()).toEqual({
      body: { box: { run: runOf('pack'), given: pack } },
      key: runOf('announce'),
    });
    expect(received).toHaveLength(2);
    expect(received).toEqual(
      expect.arrayContaining([
        { path: '/rpc', key: runOf('charge'), body: { method: 'charge', params: { amount: 129.9 } } },
        { path: '/labels', key: runOf('label'), body: { of: runOf('reserve') } },
      ]),
    );

    const signal = { task_id: 'approval', output: { ok: true, by: 'lena' } };
    await sagas.ask('POST', '/transactions/order:1/signal', signal);
    const ended = await sagas.reached('order:1', 'success');
    expect(ended.tasks.map(({ definition_id, status }) => [definition_id, status])).toEqual([
      ['reserve', 'success'],
      ['charge', 'success'],
      ['label', 'success'],
      ['pack', 'success'],
      ['announce', 'success'],
      ['approval', 'success'],
      ['ship', 'success'],
      ['discard', 'skipped'],
    ]);
    expect(await outputsOf('order:1')).toMatchObject({
      pack: { given: pack },
      approval: { ok: true, by: 'lena' },
      ship: { given: { by: 'lena' } },
    });
    expect(doneOf(await effectsOf('order:1'))).toEqual(['do reserve', 'do pack', 'do ship']);
    expect(await sagas.send('POST', '/transactions/order:1/signal', signal)).toMatchObject({ status: 400 });
  });

  it('runs side by side what does not depend on each other, and joins', { timeout: TIMEOUT_MS }, async () => {
    const slow = { config: { handler: 'do', ms: 1_500 } };
    const flow = await sagas.define([
      work('first'),
      work('left', ['first'], slow),
      work('right', ['first'], slow),
      work('join', ['left', 'right']),
      work('last', ['join']),
    ]);
    await sagas.start('diamond', flow);
    await sagas.reached('diamond', 'success');
    const effects = await effectsOf('diamond');
    const order = effects.map(({ what, step }) => `${what} ${step}`);
    expect(order.slice(2, 4).sort()).toEqual(['start left', 'start right']);
    expect(order.slice(6)).toEqual(['start join', 'done join', 'start last', 'done last']);
  });

  it('unwinds in reverse when a step fails for good', { timeout: TIMEOUT_MS }, async () => {
    const flow = await sagas.define([
      work('hotel', [], undo),
      work('flight', ['hotel'], undo),
      work('car', ['hotel'], { compensate: { config: { handler: 'undo', fails: 1 }, retry: { interval: 0.2 } } }),
      work('tickets', ['flight', 'car'], undo),
      work('pay', ['tickets'], { retry: NO_RETRY, config: { handler: 'do', fails: 1 }, ...undo }),
    ]);
    await sagas.start('trip', flow);
    const ended = await sagas.reached('trip', 'compensated');
    expect(ended.tasks.map(({ status }) => status)).toEqual([
      'compensated',
      'compensated',
      'compensated',
      'compensated',
      'failed',
    ]);
    const effects = await effectsOf('trip');
    const done = doneOf(effects);
    expect(done).toHaveLength(8);
    expect(done[4]).toBe('undo tickets');
    expect(done[7]).toBe('undo hotel');
    const needs = (...ids: readonly string[]) => ({ needs: ids, hasUndo: true });
    expect(
      historyProblems(
        effects,
        {
          ...{ hotel: needs(), flight: needs('hotel'), car: needs('hotel') },
          ...{ tickets: needs('flight', 'car'), pay: needs('tickets') },
        },
        'compensated',
      ),
    ).toEqual([]);
    expect(await exceptionsOf(flow)).toMatchObject([
      { definition_id: 'pay', handled: true, handled_as: 'compensated', handled_by: 'system' },
    ]);
  });

  it('waits for a person where its flow says so, and goes on with what the person gives', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const manual = { strategy: 'manual', max_attempts: 3, interval: 1 };
    const flow = await sagas.define([
      work('draft'),
      work('check', ['draft'], { retry: manual }),
      work('print', ['check'], { retry: manual, config: { handler: 'do', checked: '$.check.output.given.text' } }),
      work('send', ['print'], { retry: manual, config: { handler: 'do', printed: '$.print.output.pages' } }),
      work('file', ['send']),
    ]);
    const broken = { fails: 1 };
    await sagas.start('letter', flow, { check: { ...broken, text: 'wrong' }, print: broken, send: broken });

    await sagas.reached('letter', 'failed');
    const first = await theException(flow);
    expect(first).toMatchObject({ definition_id: 'check', handled: false, retry_times: 1, retry_max: 3 });
    expect((await sagas.get('letter')).tasks.map(({ status }) => status)).toEqual([
      'success',
      'failed',
      'skipped',
      'skipped',
      'skipped',
    ]);
    await sagas.ask('POST', `/exceptions/${first.id}/comment`, { text: 'the text was wrong' });
    await sagas.ask('POST', `/exceptions/${first.id}/retry`, { input: { text: 'right' } });

    const open = (step: string): Promise<ExceptionRow> =>
      until(`exception of ${step}`, async () =>
        (await exceptionsOf(flow)).find(({ definition_id, handled }) => definition_id === step && !handled),
      );
    const second = await open('print');
    await sagas.ask('POST', `/exceptions/${second.id}/skip`, { output: { pages: 2 }, remark: 'printed elsewhere' });
    const third = await open('send');
    await sagas.ask('POST', `/exceptions/${third.id}/done`, { output: 'by hand' });

    const ended = await sagas.reached('letter', 'success');
    expect(ended.tasks.map(({ status }) => status)).toEqual(['success', 'success', 'skipped', 'success', 'success']);
    expect(await outputsOf('letter')).toMatchObject({
      check: { given: { text: 'right' } },
      print: { pages: 2 },
      send: 'by hand',
    });
    expect(doneOf(await effectsOf('letter'))).toEqual(['do draft', 'do check', 'do file']);
    const handled = Object.fromEntries(
      (await exceptionsOf(flow)).map(({ definition_id, handled_as }) => [definition_id, handled_as]),
    );
    expect(handled).toEqual({ check: 'retried', print: 'skipped', send: 'done' });
    const { notes } = await sagas.ask<ExceptionShown>('GET', `/exceptions/${first.id}`);
    expect(notes.map(({ what }) => what)).toEqual(expect.arrayContaining(['comment', 'retry']));
  });

  it('is turned back by a person, and by its cancellation', { timeout: TIMEOUT_MS }, async () => {
    const flow = await sagas.define([
      work('take', [], undo),
      work('give', ['take'], { ...undo, retry: { strategy: 'manual' } }),
    ]);
    await sagas.start('swap', flow, { give: { fails: 1 } });
    await sagas.reached('swap', 'failed');
    const { id } = await theException(flow);
    await sagas.ask('POST', `/exceptions/${id}/compensate`, { remark: 'not wanted any more' });
    await sagas.reached('swap', 'compensated');
    expect(doneOf(await effectsOf('swap'))).toEqual(['do take', 'undo take']);

    await sagas.start('called-off', flow, { give: { ms: 60_000 } });
    await until('give at work', async () =>
      (await effectsOf('called-off')).some(({ what, step }) => what === 'start' && step === 'give') ? true : undefined,
    );
    await sagas.ask('POST', '/transactions/called-off/cancel');
    await sagas.reached('called-off', 'compensated');
    // Nobody knows how far the one that was stopped had come, so it is undone too.
    expect(doneOf(await effectsOf('called-off'))).toEqual(['do take', 'undo give', 'undo take']);
  });

  it('starts another one as its step, and turns back with it', { timeout: TIMEOUT_MS }, async () => {
    const part = await sagas.define([work('cut', [], undo), work('sew', ['cut'], { ...undo, retry: NO_RETRY })]);
    const whole = await sagas.define([
      work('buy', [], undo),
      {
        ...{ id: 'make', type: 'flow', depends_on: ['buy'], retry: NO_RETRY },
        config: { flow_id: part, params: { cut: { cloth: '$.buy.output.given.cloth' } } },
      },
      work('wear', ['make'], {
        config: { handler: 'do', sewn: '$.make.output.sew.run', cloth: '$.make.output.cut.given.cloth' },
      }),
    ]);
    await sagas.start('coat', whole, { buy: { cloth: 'wool' } });
    const coat = await sagas.reached('coat', 'success');
    const child = coat.tasks[1]?.run_id ?? '';
    expect(await sagas.get(child)).toMatchObject({ instance_id: child, flow_id: part, status: 'success' });
    expect(await outputsOf('coat')).toMatchObject({ wear: { given: { cloth: 'wool' } } });

    await sagas.start('hat', whole, { buy: { cloth: 'felt' }, make: { sew: { fails: 1 } } });
    const hat = await sagas.reached('hat', 'compensated');
    const failed = hat.tasks[1]?.run_id ?? '';
    expect(await sagas.get(failed)).toMatchObject({ status: 'compensated' });
    expect(doneOf(await effectsOf(failed))).toEqual(['do cut', 'undo cut']);
    expect(doneOf(await effectsOf('hat'))).toEqual(['do buy', 'undo buy']);
  });

  it('refers to a part of an output that is longer than a frame', { timeout: TIMEOUT_MS }, async () => {
    const flow = await sagas.define([
      work('write', [], { config: { handler: 'do', chars: 400_000, mark: 'end' } }),
      work('read', ['write'], { config: { handler: 'do', mark: '$.write.output.given.mark' } }),
      work('copy', ['write'], {
        retry: NO_RETRY,
        config: { handler: 'do', text: '$.write.output.text' },
      }),
    ]);
    await sagas.start('book', flow);
    const ended = await sagas.reached('book', 'failed');
    expect(ended.tasks.map(({ status }) => status)).toEqual(['success', 'success', 'failed']);
    expect(await outputsOf('book')).toMatchObject({ read: { given: { mark: 'end' } } });
    expect(await theException(flow)).toMatchObject({ definition_id: 'copy', error_reason: 'bad_payload' });
  });

  it('is started once, however often it is asked for', { timeout: TIMEOUT_MS }, async () => {
    const flow = await sagas.define([work('once'), work('more', ['once'])]);
    await Promise.all(Array.from({ length: 12 }, () => sagas.start('again', flow, { once: { a: 1 } })));
    await sagas.reached('again', 'success');
    expect(doneOf(await effectsOf('again'))).toEqual(['do once', 'do more']);
    const other = { instance_id: 'again', flow_id: flow, params: { once: { a: 2 } } };
    expect(await sagas.send('POST', '/transactions', other)).toMatchObject({
      status: 400,
      message: expect.stringContaining('params'),
    });
  });
});
