/** Runs that a function executes in its own process. What an HTTP run may say and meet is in `test/worker/http*`. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createFunctionExecutor } from '../../lib/adapters/function-pool/executor.ts';
import { createMemoryStepQueues, type QueuedMessage } from '../../lib/adapters/memory/step-queues.ts';
import type { FunctionExecutorPort } from '../../lib/application/ports/function-pool.ts';
import type { RunOrder, RunResult } from '../../lib/contracts/frames.ts';
import { MAX_INLINE_PAYLOAD_BYTES, MAX_WHOLE_OUTPUT_BYTES } from '../../lib/contracts/limits.ts';
import { FUNCTION_HANDLERS, STEP_HANDLERS } from '../../lib/domain/fleet/function-pool.ts';
import { parseNetwork } from '../../lib/worker/built-in/address-guard.ts';

const LOOPBACK = [parseNetwork('127.0.0.0/8')].filter((network) => network !== undefined);

const order = (handler: string, payload: unknown, fields: Partial<RunOrder> = {}): RunOrder => ({
  ...{ seq: 0, run: '42', attempt: 1, handler, payload: JSON.stringify(payload) },
  ...{ notBefore: 0, timeoutMs: 20_000, maxTries: 3, tries: 0 },
  ...fields,
});

/** A web server on a loopback address. */
const startServer = async (answer: (request: IncomingMessage, response: ServerResponse, body: string) => void) => {
  const bodies: string[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) {
      body += String(chunk);
    }
    bodies.push(body);
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { bodies, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
};

/** The pieces of outputs that were too long. */
const stored: string[] = [];
const withStore =
  (execute: FunctionExecutorPort) =>
  (order: RunOrder): Promise<RunResult> =>
    execute(order, async (pieces) => {
      stored.push(...pieces);
    });

describe('the executor of the pool without workers', () => {
  const sent: QueuedMessage[] = [];
  const queues = createMemoryStepQueues(['orders'], (message) => sent.push(message));
  const execute = withStore(createFunctionExecutor(LOOPBACK, queues));
  const guarded = withStore(createFunctionExecutor([], queues));

  it('sends an HTTP request, and reports its answer as the result of the attempt', async () => {
    const server = await startServer((_, response) => response.writeHead(201).end('{"id":7}'));
    const result = await execute(order('http', { url: server.url, method: 'POST', body: 'hello' }, { attempt: 3 }));
    expect(result).toEqual({
      ...{ run: '42', attempt: 3, outcome: 'succeeded', exitCode: 201, output: '{"id":7}' },
      startedAt: expect.any(Number),
      durationMs: expect.any(Number),
    });
    expect(server.bodies).toEqual(['hello']);
  });

  it('sends a callback whose payload is too large for a frame', async () => {
    const server = await startServer((_, response) => response.end('ok'));
    const data = { text: 'x'.repeat(2 * MAX_INLINE_PAYLOAD_BYTES) };
    expect(await execute(order('http_callback', { url: server.url, data }))).toMatchObject({ outcome: 'succeeded' });
    expect(server.bodies).toEqual([JSON.stringify(data)]);
  });

  it('ends a group at once', async () => {
    expect(await guarded(order('group', {}))).toMatchObject({ outcome: 'succeeded' });
  });

  it.each([
    ['a loopback address', (url: string) => url],
    ['a name of this machine', (url: string) => url.replace('127.0.0.1', 'localhost')],
    ['the credentials of its machine', () => 'http://169.254.169.254/latest/meta-data'],
  ])('asks nothing of %s', async (_what, target) => {
    const server = await startServer((_, response) => response.end('secret'));
    expect(await guarded(order('http', { url: target(server.url) }))).toMatchObject({
      outcome: 'failed',
      reason: 'refused',
      error: expect.stringMatching(/is a (loopback|link-local) address/),
    });
    expect(server.bodies).toEqual([]);
  });

  it('does not follow an answer to where it may not go', async () => {
    const server = await startServer((_, response) =>
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
    );
    expect(await execute(order('http', { url: server.url }))).toMatchObject({ outcome: 'failed' });
  });

  it('breaks off what takes longer than its run may', async () => {
    const server = await startServer(() => undefined);
    expect(await execute(order('http', { url: server.url }, { timeoutMs: 100 }))).toMatchObject({
      outcome: 'timed_out',
      error: 'Timed out after 0.1 s.',
    });
  });

  it.each(['shell', 'python', 'send_email', 'constructor'])(
    'names what it executes where it is given %s',
    async (name) => {
      expect(await execute(order(name, {}))).toMatchObject({
        ...{ outcome: 'failed', reason: 'no_handler', durationMs: 0 },
        error: `Pool lambda executes ${FUNCTION_HANDLERS.join(', ')} only: give ${name} a pool with workers`,
      });
    },
  );

  it('knows every handler that it says it knows', async () => {
    for (const name of FUNCTION_HANDLERS) {
      const { reason } = await guarded(order(name, null));
      expect([name, reason === 'no_handler']).toEqual([name, false]);
    }
  });

  it('sends what a step has for an allowed queue, under the id of its run', async () => {
    const payload = { queue: 'orders', body: { id: 7 }, run: '42~tell~1' };
    expect(await execute(order('queue', payload, { run: '42~tell~1' }))).toMatchObject({ outcome: 'succeeded' });
    expect(sent.splice(0)).toEqual([{ queue: 'orders', body: '{"id":7}', dedup: '42~tell~1' }]);
  });

  it('keeps every digit of the numbers in a message', async () => {
    const payload = '{"queue":"orders","body":{"id":12345678901234567891,"price":1.0}}';
    await execute({ ...order('queue', {}, { run: '42~tell~1' }), payload });
    expect(sent.splice(0).map(({ body }) => body)).toEqual(['{"id":12345678901234567891,"price":1.0}']);
  });

  it.each(['others', 'constructor', '__proto__'])(
    'sends nothing to %s, which the stage does not allow',
    async (queue) => {
      const result = await execute(order('queue', { queue, body: {} }, { run: '42~tell~1' }));
      expect(result).toMatchObject({
        ...{ outcome: 'failed', reason: 'bad_payload' },
        error: `This stage does not allow queue ${queue}: it allows orders (stepQueues in cdk.json)`,
      });
      expect(sent).toEqual([]);
    },
  );

  it('fails the attempt where the message may not have got there', async () => {
    const unreachable = { names: ['orders'], send: () => Promise.reject(new Error('no connection')) };
    const broken = withStore(createFunctionExecutor([], unreachable));
    const result = await broken(order('queue', { queue: 'orders' }, { run: '42~tell~1' }));
    expect(result).toMatchObject({ outcome: 'failed', reason: 'handler_failed', error: 'no connection' });
  });

  const OF_STEP = { run: '42~ask~1', outputPath: '/api/runs/42~ask~1/output?attempt=1' };

  it('keeps an answer whole that is too long for a result, where a step may need it', async () => {
    const answer = JSON.stringify({ rows: Array.from({ length: 60_000 }, (_, row) => `${row} é`) });
    const server = await startServer((_, response) => response.end(answer));
    const result = await execute(order('http', { url: server.url }, OF_STEP));
    expect(result).toMatchObject({ outcome: 'succeeded', outputPieces: stored.length });
    expect(result.output).toBeUndefined();
    expect(stored.splice(0).join('')).toBe(answer);
  });

  it('fails an attempt whose answer is longer than is kept', async () => {
    const server = await startServer((_, response) => response.end('x'.repeat(MAX_WHOLE_OUTPUT_BYTES + 1)));
    expect(await execute(order('http', { url: server.url }, OF_STEP))).toMatchObject({
      ...{ outcome: 'failed', reason: 'output_not_stored' },
      error: `The output has more than ${MAX_WHOLE_OUTPUT_BYTES} bytes, and no more is kept: let it name where the rest is.`,
    });
    expect(stored).toEqual([]);
  });

  it('cuts the answer where nobody needs it whole', async () => {
    const server = await startServer((_, response) => response.end('x'.repeat(20_000)));
    const result = await execute(order('http', { url: server.url }));
    expect(result).toMatchObject({ outcome: 'succeeded', output: expect.stringContaining('[cut:') });
    expect(stored).toEqual([]);
  });

  it('ends a wait whose instant has come', async () => {
    expect(await execute(order('wait', {}, { run: '42~pause~1' }))).toMatchObject({ outcome: 'succeeded' });
  });

  it.each(STEP_HANDLERS)('does not know %s of a run that is of no step', async (name) => {
    for (const run of ['42', '42.1893456000000']) {
      const result = await execute(order(name, { queue: 'orders', body: {} }, { run }));
      expect(result).toMatchObject({ outcome: 'failed', reason: 'no_handler' });
    }
    expect(sent).toEqual([]);
  });

  it('takes a payload that is none for a bad one, which is not tried again', async () => {
    for (const payload of [undefined, 'null', '{}', '"text"']) {
      const { payload: _given, ...bare } = order('http', null);
      expect(await execute(payload === undefined ? bare : { ...bare, payload })).toMatchObject({
        outcome: 'failed',
        reason: 'bad_payload',
      });
    }
  });
});
