import { describe, expect, it } from 'vitest';
import { createWorker, gate, startPlane } from './start-worker.ts';

describe('hello', () => {
  it('says who the worker is, what it can do and how much it takes', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { name: 'w-1', pool: 'batch', tags: ['gpu'], maxTasks: 4, allow: ['http'] });
    await worker.handle('send_email', () => 'sent').start();
    const { frame } = await plane.frame('hello');
    expect(frame).toMatchObject({
      name: 'w-1',
      pool: 'batch',
      tags: ['gpu'],
      maxTasks: 4,
      handlers: ['http', 'http_callback', 'send_email'],
      seen: 0,
      limit: 4,
      list: [],
    });
    expect(frame.replaces).toBeUndefined();
    expect(plane.upgrades).toEqual([{ authorization: 'Bearer a-token-for-tests' }]);
  });

  it('allows nothing that it was not told to allow', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    await worker.start();
    const hello = await plane.frame('hello');
    expect(hello.frame.handlers).toEqual([]);
    plane.push(hello, plane.order({ run: 'r', handler: 'shell', payload: '{"command":"true"}' }));
    expect(await plane.result('r')).toMatchObject({
      outcome: 'failed',
      reason: 'no_handler',
      error: 'This worker has no handler named "shell".',
    });
  });

  it('a new process has a new session id, whatever its name (K1)', async () => {
    const plane = await startPlane();
    const one = createWorker(plane);
    await one.worker.start();
    const two = createWorker(plane);
    await two.worker.start();
    const first = await plane.frame('hello');
    const second = await plane.frame('hello');
    expect(second.frame.session).not.toBe(first.frame.session);
    expect(second.frame.replaces).toBeUndefined();
  });
});

describe('a run', () => {
  it('reaches its handler and its value comes back', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const seen: unknown[] = [];
    worker.handle('add', (task, context) => {
      context.log('adding');
      seen.push(task, context.attempt);
      return { sum: 3 };
    });
    await worker.start();
    const hello = await plane.frame('hello');
    const before = plane.at();
    plane.push(hello, plane.order({ run: 'r', attempt: 2, handler: 'add', payload: '{"a":1,"b":2}', tries: 1 }));
    const result = await plane.result('r', 2);
    expect(result).toMatchObject({ outcome: 'succeeded', output: '{"sum":3}', log: 'adding\n' });
    expect(result.startedAt).toBeGreaterThanOrEqual(before - 1);
    expect(seen).toEqual([{ run: 'r', attempt: 2, handler: 'add', payload: { a: 1, b: 2 }, tries: 1, maxTries: 3 }, 2]);
  });

  it.each([
    ['a string as it is', 'done', { outcome: 'succeeded', output: 'done' }],
    ['nothing as no output', undefined, { outcome: 'succeeded' }],
    ['null as JSON', null, { outcome: 'succeeded', output: 'null' }],
    ['no JSON as a failure', 1n, { outcome: 'failed', reason: 'handler_failed' }],
  ])('reports %s', async (_, value, expected) => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    await worker.handle('test', () => value).start();
    plane.push(await plane.frame('hello'), plane.order({ run: 'r' }));
    const result = await plane.result('r');
    expect(result).toMatchObject(expected);
    if (!('output' in expected)) expect(result.output).toBeUndefined();
  });

  it('fails with the message of what its handler throws', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    worker.handle('sync', () => {
      throw new Error('no such user');
    });
    worker.handle('async', async () => Promise.reject(new TypeError('no such host')));
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'a', handler: 'sync' }));
    plane.push(hello, plane.order({ run: 'b', handler: 'async' }));
    expect(await plane.result('a')).toMatchObject({
      outcome: 'failed',
      reason: 'handler_failed',
      error: 'no such user',
    });
    expect(await plane.result('b')).toMatchObject({
      outcome: 'failed',
      reason: 'handler_failed',
      error: 'no such host',
    });
  });

  it('is held until its instant on the server’s clock, and never begins before it', async () => {
    const plane = await startPlane({ aheadMs: 3_600_000 });
    const { worker } = createWorker(plane);
    await worker.handle('test', () => String(plane.at())).start();
    const hello = await plane.frame('hello');
    const notBefore = plane.at() + 120;
    plane.push(hello, plane.order({ run: 'r', notBefore }));
    const result = await plane.result('r');
    expect(Number(result.output)).toBeGreaterThanOrEqual(notBefore);
    expect(result.startedAt).toBeGreaterThanOrEqual(notBefore);
  });

  it('gets a payload that is too large for a frame over HTTP, with the token', async () => {
    const plane = await startPlane();
    const large = JSON.stringify({ text: 'x'.repeat(100_000) });
    plane.payloads.set('/payloads/r', large);
    const { worker } = createWorker(plane);
    await worker.handle('test', (task) => JSON.stringify(task.payload).length).start();
    const { payload: _, ...order } = plane.order({ run: 'r', payloadPath: '/payloads/r' });
    plane.push(await plane.frame('hello'), order);
    expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded', output: String(large.length) });
  });

  it.each([
    ['/payloads/none', 'HTTP 404'],
    ['@elsewhere.invalid/payload', 'leaves the HTTP API'],
  ])('fails as payload_unavailable when %s cannot be fetched', async (payloadPath, why) => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    await worker.handle('test', () => 'never').start();
    const { payload: _, ...order } = plane.order({ run: 'r', payloadPath });
    plane.push(await plane.frame('hello'), order);
    const result = await plane.result('r');
    expect(result).toMatchObject({ outcome: 'failed', reason: 'payload_unavailable' });
    expect(result.error).toContain(why);
  });

  it('fails as bad_payload when the payload is not JSON', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    await worker.handle('test', () => 'never').start();
    plane.push(await plane.frame('hello'), plane.order({ run: 'r', payload: '{' }));
    expect(await plane.result('r')).toMatchObject({ outcome: 'failed', reason: 'bad_payload' });
  });

  it('that lives longer than 2 s is told to have started, a short one is not', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const finish = gate();
    worker.handle('long', () => finish.promise).handle('short', () => 'done');
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'short', handler: 'short' }), plane.order({ run: 'long', handler: 'long' }));
    const { frame } = await plane.frame('started');
    finish.open();
    const result = await plane.result('long');
    expect(frame.runs).toEqual([{ run: 'long', attempt: 1, startedAt: result.startedAt }]);
    expect(result.durationMs).toBeGreaterThan(1_900);
    expect(plane.all('started')).toHaveLength(1);
  });

  it('sends its first progress at once and holds the next ones back', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    worker.handle('test', (_task, context) => {
      for (let percent = 0; percent <= 200; percent += 10) context.progress(percent, 'copying');
    });
    await worker.start();
    plane.push(await plane.frame('hello'), plane.order({ run: 'r' }));
    await plane.result('r');
    expect(plane.all('progress')).toMatchObject([{ run: 'r', attempt: 1, percent: 0, note: 'copying' }]);
  });
});

describe('credit (C2, C6)', () => {
  it('every report grows and counts seen, in flight and gaps', async () => {
    const plane = await startPlane({ heartbeatMs: 25 });
    const { worker } = createWorker(plane, { maxTasks: 5 });
    const finish = gate();
    await worker.handle('test', () => finish.promise).start();
    const hello = await plane.frame('hello');
    // 2 is missing: it may still be on its way, so its slot is reserved.
    plane.push(hello, plane.order({ run: 'a', seq: 1 }), plane.order({ run: 'b', seq: 3 }));
    const beat = await plane.frame('heartbeat', ({ list }) => list.length === 2);
    expect(beat.frame).toMatchObject({
      seen: 3,
      limit: 3 + 5 - 2 - 1,
      list: [
        ['a', 1],
        ['b', 1],
      ],
    });
    plane.send(hello.socket, { type: 'sync', session: hello.frame.session, q: 4 });
    const synced = await plane.frame('heartbeat', ({ seen }) => seen === 4);
    expect(synced.frame.limit).toBe(4 + 5 - 2);
    finish.open();
    const { frame } = await plane.frame('result');
    expect(frame).toMatchObject({ seen: 4, limit: 9 });
    const reps = [...plane.all('hello'), ...plane.all('heartbeat'), ...plane.all('result')].map(({ rep }) => rep);
    expect(new Set(reps).size).toBe(reps.length);
    expect(frame.rep).toBeGreaterThan(synced.frame.rep);
    expect(synced.frame.rep).toBeGreaterThan(beat.frame.rep);
  });

  it('a run beyond max waits in the worker and counts as in flight', async () => {
    const plane = await startPlane({ heartbeatMs: 25 });
    const { worker } = createWorker(plane, { maxTasks: 1 });
    const gates = new Map([
      ['a', gate()],
      ['b', gate()],
    ]);
    const began: string[] = [];
    worker.handle('test', (task) => {
      began.push(task.run);
      return gates.get(task.run)?.promise;
    });
    await worker.start();
    plane.push(await plane.frame('hello'), plane.order({ run: 'a' }), plane.order({ run: 'b' }));
    const { frame } = await plane.frame('heartbeat', ({ list }) => list.length === 2);
    expect(frame).toMatchObject({ seen: 2, limit: 2 + 1 - 2 });
    expect(began).toEqual(['a']);
    gates.get('a')?.open();
    await plane.result('a');
    gates.get('b')?.open();
    await plane.result('b');
    expect(began).toEqual(['a', 'b']);
  });

  it('a run whose seq was voided is accepted when it comes after all', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { maxTasks: 2 });
    await worker.handle('test', () => 'done').start();
    const hello = await plane.frame('hello');
    plane.send(hello.socket, { type: 'sync', session: hello.frame.session, q: 2 });
    expect((await plane.frame('heartbeat')).frame).toMatchObject({ seen: 2, limit: 4 });
    plane.push(hello, plane.order({ run: 'late', seq: 1 }));
    const { frame } = await plane.frame('result');
    expect(frame).toMatchObject({ seen: 2, limit: 4, results: [{ run: 'late', outcome: 'succeeded' }] });
  });
});

describe('redelivery (K2)', () => {
  it('is ignored while the attempt executes, answered with the stored result after', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const finish = gate<string>();
    let calls = 0;
    worker.handle('test', () => {
      calls += 1;
      return finish.promise;
    });
    await worker.start();
    const hello = await plane.frame('hello');
    const order = plane.order({ run: 'r' });
    plane.push(hello, order);
    plane.push(hello, order);
    finish.open('once');
    const first = await plane.frame('result');
    plane.push(hello, order);
    const second = await plane.frame('result');
    expect(second.frame.results).toEqual(first.frame.results);
    expect(second.frame).toMatchObject({ seen: 1, limit: 11, results: [{ output: 'once' }] });
    expect(calls).toBe(1);
  });

  it('of a known attempt leaves the window alone: after an adoption its seq is another session’s', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    await worker.handle('test', () => 'done').start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r' }));
    await plane.result('r');
    plane.push(hello, plane.order({ run: 'r', seq: 57 }));
    expect((await plane.frame('result')).frame).toMatchObject({ seen: 1, limit: 11 });
  });

  it('of the next attempt is a new execution', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    await worker.handle('test', (task) => `attempt ${task.attempt}`).start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r' }), plane.order({ run: 'r', attempt: 2 }));
    expect(await plane.result('r', 1)).toMatchObject({ output: 'attempt 1' });
  });
});

describe('cancel', () => {
  it('that overtakes its run keeps the handler from ever being called (K3)', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    let calls = 0;
    worker.handle('test', () => {
      calls += 1;
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.send(hello.socket, { type: 'cancel', session: hello.frame.session, run: 'r', attempt: 1, graceMs: 10_000 });
    plane.push(hello, plane.order({ run: 'r' }));
    const { frame } = await plane.frame('result');
    expect(frame).toMatchObject({ seen: 1, limit: 11, results: [{ run: 'r', outcome: 'cancelled' }] });
    expect(calls).toBe(0);
  });

  it('of a run that is still held ends it without a call', async () => {
    const plane = await startPlane({ heartbeatMs: 25 });
    const { worker } = createWorker(plane);
    let calls = 0;
    worker.handle('test', () => {
      calls += 1;
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r', notBefore: plane.at() + 3_600_000 }));
    await plane.frame('heartbeat', ({ list }) => list.length === 1);
    plane.send(hello.socket, { type: 'cancel', session: hello.frame.session, run: 'r', attempt: 1, graceMs: 10_000 });
    expect(await plane.result('r')).toMatchObject({ outcome: 'cancelled', error: 'Cancelled before it started.' });
    expect(calls).toBe(0);
  });

  it('aborts the handler’s signal; repeated after the end it is answered with the stored result', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const began = gate();
    worker.handle('test', async (_task, { signal }) => {
      began.open();
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r' }));
    await began.promise;
    const cancel = { type: 'cancel', session: hello.frame.session, run: 'r', attempt: 1, graceMs: 10_000 } as const;
    plane.send(hello.socket, cancel);
    const result = await plane.result('r');
    expect(result).toMatchObject({ outcome: 'cancelled', error: 'Cancelled.' });
    plane.send(hello.socket, cancel);
    expect(await plane.result('r')).toEqual(result);
  });

  it('leaves a handler behind that does not stop, says so, and frees its slot', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { maxTasks: 1 });
    const began = gate();
    worker.handle('test', async () => {
      began.open();
      await new Promise(() => {});
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r' }));
    await began.promise;
    plane.send(hello.socket, { type: 'cancel', session: hello.frame.session, run: 'r', attempt: 1, graceMs: 20 });
    const { frame } = await plane.frame('result');
    expect(frame).toMatchObject({ seen: 1, limit: 2, results: [{ outcome: 'cancelled' }] });
    expect(frame.results[0]?.error).toContain('did not stop');
  });
});

it('a timeout aborts the handler and is reported as such', async () => {
  const plane = await startPlane();
  const { worker } = createWorker(plane);
  worker.handle('test', (_task, { signal }) => {
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve('too late')));
  });
  await worker.start();
  plane.push(await plane.frame('hello'), plane.order({ run: 'r', timeoutMs: 50 }));
  expect(await plane.result('r')).toMatchObject({ outcome: 'timed_out', error: 'Timed out after 0.05 s.' });
});

it('a timeout longer than a timer can hold does not fire at once', async () => {
  const plane = await startPlane();
  const { worker } = createWorker(plane);
  await worker.handle('test', () => new Promise((resolve) => setTimeout(resolve, 20, 'done'))).start();
  plane.push(await plane.frame('hello'), plane.order({ run: 'r', timeoutMs: 2 ** 31 + 5 }));
  expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded', output: 'done' });
});

describe('foreign and broken frames', () => {
  it('a frame for another session is dropped (K4)', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const began: string[] = [];
    worker.handle('test', (task) => {
      began.push(task.run);
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.send(hello.socket, {
      type: 'run',
      session: 'another',
      at: plane.at(),
      runs: [plane.order({ run: 'foreign' })],
    });
    plane.push(hello, plane.order({ run: 'own', seq: 1 }));
    expect((await plane.frame('result')).frame.seen).toBe(1);
    expect(began).toEqual(['own']);
  });

  it('what is no frame is warned about and changes nothing; an error frame is logged', async () => {
    const plane = await startPlane();
    const { worker, lines } = createWorker(plane);
    await worker.handle('test', () => 'done').start();
    const hello = await plane.frame('hello');
    hello.socket.send('{"type":"surprise"}');
    hello.socket.send('not json');
    plane.send(hello.socket, { type: 'error', code: 'invalid', message: 'rep is missing' });
    plane.push(hello, plane.order({ run: 'r' }));
    await plane.result('r');
    expect(lines.filter(({ level }) => level === 'warn')).toMatchObject([
      { message: 'a frame from the control plane was not understood' },
      { message: 'a frame from the control plane was not understood' },
      { fields: { code: 'invalid', message: 'rep is missing' } },
    ]);
  });
});
