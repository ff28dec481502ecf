import { describe, expect, it, onTestFinished } from 'vitest';
import { RECONNECT_CAP_MS, reconnectDelayMs } from '../../lib/worker/backoff.ts';
import { systemClock } from '../../lib/worker/clock.ts';
import { TOKEN } from './fake-control-plane.ts';
import { createWorker, gate, startPlane } from './start-worker.ts';

describe('a dropped socket', () => {
  it('is resumed by the same session, with what it holds and the next epoch (S2)', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const finish = gate<string>();
    await worker.handle('test', () => finish.promise).start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r' }));
    plane.send(hello.socket, { type: 'sync', session: hello.frame.session, q: 1 });
    await plane.frame('heartbeat', ({ list }) => list.length === 1);
    hello.socket.terminate();
    const first = await plane.frame('resume');
    expect(first.frame).toMatchObject({ session: hello.frame.session, epoch: 2, seen: 1, limit: 10, list: [['r', 1]] });
    first.socket.terminate();
    const second = await plane.frame('resume');
    expect(second.frame).toMatchObject({ session: hello.frame.session, epoch: 3, list: [['r', 1]] });
    expect(second.frame.rep).toBeGreaterThan(first.frame.rep);
    finish.open('kept');
    expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded', output: 'kept' });
    expect(plane.all('hello')).toHaveLength(1);
  });

  it('keeps the results that could not be sent and sends them once it is resumed', async () => {
    const plane = await startPlane({ onResume: 'silence' });
    const { worker } = createWorker(plane);
    const finish = gate<string>();
    await worker.handle('test', () => finish.promise).start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r' }));
    hello.socket.terminate();
    const resume = await plane.frame('resume');
    finish.open('late');
    plane.send(resume.socket, { type: 'resumed', session: hello.frame.session, at: plane.at(), epoch: 2 });
    expect(await plane.result('r')).toMatchObject({ output: 'late' });
  });

  it('is cut by the worker itself when its greeting is not answered', async () => {
    const plane = await startPlane({ onHello: 'silence' });
    const { worker, lines } = createWorker(plane, {}, { timings: { answerWithinMs: 30 } });
    const started = worker.start();
    const first = await plane.frame('hello');
    plane.script.onHello = 'welcome';
    const second = await plane.frame('hello');
    await started;
    // The first hello may have been heard: it must not be waited for until it is silent for 45 s.
    expect(second.frame.replaces).toBe(first.frame.session);
    expect(second.frame.session).not.toBe(first.frame.session);
    expect(lines).toContainEqual(expect.objectContaining({ message: 'the control plane does not answer' }));
  });

  it('is noticed when the other side gives no sign of life any more', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const plane = await startPlane({ heartbeatMs: 20 });
    const { worker, lines } = createWorker(plane, {}, { clock });
    await worker.start();
    const hello = await plane.frame('hello');
    await plane.frame('heartbeat');
    // ws answers pings by itself: from here on it reads nothing more.
    hello.socket.pause();
    const passing = setInterval(() => {
      aheadMs += 1_000;
    }, 10);
    onTestFinished(() => clearInterval(passing));
    expect((await plane.frame('resume')).frame.session).toBe(hello.frame.session);
    expect(lines).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ why: 'no sign of life from the other side' }) }),
    );
  });
});

it('a worker that could not report for more than 30 s starts nothing more until it is resumed', async () => {
  const time = { aheadMs: 0, stepMs: 0 };
  const clock = {
    ...systemClock,
    monotonicMs: () => systemClock.monotonicMs() + time.aheadMs,
    // Read whenever a sleep is looked for: time passes between two looks, but never so much that it seems one.
    wallMs: () => {
      time.aheadMs += time.stepMs;
      return systemClock.wallMs();
    },
  };
  const plane = await startPlane({ onResume: 'silence', heartbeatMs: 15_000 });
  const { worker } = createWorker(plane, { maxTasks: 1 }, { clock });
  const finish = gate();
  const ended = gate();
  const began: string[] = [];
  worker.handle('test', async (task) => {
    began.push(task.run);
    await finish.promise;
    ended.open();
  });
  await worker.start();
  const hello = await plane.frame('hello');
  plane.push(hello, plane.order({ run: 'a' }), plane.order({ run: 'b' }));
  plane.send(hello.socket, { type: 'sync', session: hello.frame.session, q: 2 });
  await plane.frame('heartbeat', ({ list }) => list.length === 2);
  hello.socket.terminate();
  const resume = await plane.frame('resume');
  time.stepMs = 20_000;
  await expect.poll(() => time.aheadMs, { timeout: 10_000 }).toBeGreaterThan(35_000);
  time.stepMs = 0;
  finish.open();
  await ended.promise;
  await plane.readBy(resume.socket);
  expect(began).toEqual(['a']);
  plane.send(resume.socket, { type: 'resumed', session: hello.frame.session, at: plane.at(), epoch: 2 });
  await plane.result('b');
  expect(began).toEqual(['a', 'b']);
});

describe('a session that is gone (K5)', () => {
  it('is replaced by a new one that lists only what an idempotent handler goes on with', async () => {
    const plane = await startPlane({ heartbeatMs: 25, onResume: 'gone' });
    const { worker } = createWorker(plane, { maxTasks: 2 });
    const finish = gate<string>();
    const aborted = gate();
    const began: string[] = [];
    worker.handle('keep', () => finish.promise, { idempotent: true });
    worker.handle('kill', async (_task, { signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      aborted.open();
    });
    worker.handle('queued', (task) => {
      began.push(task.run);
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(
      hello,
      plane.order({ run: 'kept', handler: 'keep' }),
      plane.order({ run: 'killed', handler: 'kill' }),
      plane.order({ run: 'dropped', handler: 'queued' }),
    );
    await plane.frame('heartbeat', ({ list }) => list.length === 3);
    hello.socket.terminate();
    const next = await plane.frame('hello');
    expect(next.frame).toMatchObject({ replaces: hello.frame.session, list: [['kept', 1]], seen: 0 });
    expect(next.frame.session).not.toBe(hello.frame.session);
    await aborted.promise;
    await plane.frame('heartbeat', ({ session, limit }) => session === next.frame.session && limit === 1);
    finish.open('done');
    const { frame } = await plane.frame('result');
    expect(frame).toMatchObject({ session: next.frame.session, limit: 2, results: [{ run: 'kept', output: 'done' }] });
    expect(frame.results).toHaveLength(1);
    expect(began).toEqual([]);
  });

  it('may also be told on the open socket, which then carries the new hello', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    await worker.handle('test', () => 'done').start();
    const hello = await plane.frame('hello');
    plane.send(hello.socket, { type: 'gone', session: hello.frame.session });
    const next = await plane.frame('hello');
    expect(next.socket).toBe(hello.socket);
    plane.push(next, plane.order({ run: 'r' }));
    expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded' });
    plane.send(hello.socket, { type: 'gone', session: hello.frame.session });
    plane.push(next, plane.order({ run: 's' }));
    expect(await plane.result('s')).toMatchObject({ outcome: 'succeeded' });
    expect(plane.all('hello')).toHaveLength(2);
  });

  it('is not asked about when it was silent for 45 s and nothing runs', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const plane = await startPlane();
    const { worker } = createWorker(plane, {}, { clock });
    await worker.start();
    const hello = await plane.frame('hello');
    aheadMs = 50_000;
    hello.socket.terminate();
    expect((await plane.frame('hello')).frame.replaces).toBe(hello.frame.session);
    expect(plane.all('resume')).toHaveLength(0);
  });
});

describe('a process that stood still for more than 30 s (K4)', () => {
  it.each(['monotonicMs', 'wallMs'] as const)('starts nothing until its session is confirmed (%s)', async (stopped) => {
    const ahead = { monotonicMs: 0, wallMs: 0 };
    const clock = {
      ...systemClock,
      monotonicMs: () => systemClock.monotonicMs() + ahead.monotonicMs,
      wallMs: () => systemClock.wallMs() + ahead.wallMs,
    };
    const plane = await startPlane({ onResume: 'silence', heartbeatMs: 25 });
    const { worker } = createWorker(plane, {}, { clock });
    const began: string[] = [];
    worker.handle('test', (task) => {
      began.push(task.run);
    });
    await worker.start();
    const hello = await plane.frame('hello');
    ahead[stopped] = 31_000;
    // As if it had waited in the socket's buffer all the while.
    plane.push(hello, plane.order({ run: 'buffered' }));
    expect((await plane.frame('resume')).socket).toBe(hello.socket);
    await plane.readBy(hello.socket);
    expect(began).toEqual([]);
    plane.send(hello.socket, { type: 'resumed', session: hello.frame.session, at: plane.at(), epoch: 2 });
    expect(await plane.result('buffered')).toMatchObject({ outcome: 'succeeded' });
  });

  it('takes an answer to an earlier question for no answer', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const plane = await startPlane({ onResume: 'silence' });
    const { worker } = createWorker(plane, {}, { clock });
    const began: string[] = [];
    worker.handle('test', (task) => {
      began.push(task.run);
    });
    await worker.start();
    const hello = await plane.frame('hello');
    aheadMs += 31_000;
    plane.push(hello, plane.order({ run: 'buffered' }));
    await plane.frame('resume');
    aheadMs += 31_000;
    // Made before the second sleep, read after it; and a welcome, because the hello was handled twice.
    plane.send(hello.socket, { type: 'welcome', session: hello.frame.session, at: plane.at(), heartbeatMs: 15_000 });
    plane.send(hello.socket, { type: 'resumed', session: hello.frame.session, at: plane.at(), epoch: 2 });
    expect((await plane.frame('resume')).frame.epoch).toBe(3);
    await plane.readBy(hello.socket);
    expect(began).toEqual([]);
    plane.send(hello.socket, { type: 'resumed', session: hello.frame.session, at: plane.at(), epoch: 3 });
    expect(await plane.result('buffered')).toMatchObject({ outcome: 'succeeded' });
  });

  it('drops what was buffered when the session is gone', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const plane = await startPlane({ onResume: 'gone' });
    const { worker } = createWorker(plane, {}, { clock });
    const began: string[] = [];
    worker.handle('test', (task) => {
      began.push(task.run);
    });
    await worker.start();
    const hello = await plane.frame('hello');
    aheadMs = 31_000;
    plane.push(hello, plane.order({ run: 'buffered' }));
    const next = await plane.frame('hello');
    expect(next.frame).toMatchObject({ replaces: hello.frame.session, list: [] });
    plane.push(next, plane.order({ run: 'new', seq: 1 }));
    await plane.result('new');
    expect(began).toEqual(['new']);
  });

  it('says hello anew when it slept before its welcome was read', async () => {
    let aheadMs = 0;
    const clock = { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs };
    const plane = await startPlane({ onHello: 'silence' });
    const { worker } = createWorker(plane, {}, { clock });
    const began: string[] = [];
    worker.handle('test', (task) => {
      began.push(task.run);
    });
    const started = worker.start();
    const slept = await plane.frame('hello');
    aheadMs = 61_000;
    plane.script.onHello = 'welcome';
    // Welcome and run waited in the socket's buffer while the session was lost.
    plane.send(slept.socket, { type: 'welcome', session: slept.frame.session, at: plane.at(), heartbeatMs: 15_000 });
    plane.push(slept, plane.order({ run: 'buffered' }));
    const next = await plane.frame('hello');
    await started;
    expect(next.frame).toMatchObject({ replaces: slept.frame.session, list: [] });
    plane.push(next, plane.order({ run: 'new', seq: 1 }));
    await plane.result('new');
    expect(began).toEqual(['new']);
  });
});

it('moves to a second socket before the first is cut, and reads the first a little longer (S3)', async () => {
  const plane = await startPlane();
  const { worker } = createWorker(plane, {}, { timings: { rotateAfterMs: [50, 50], readOldForMs: 1_500 } });
  await worker.handle('test', () => 'done').start();
  const hello = await plane.frame('hello');
  const resume = await plane.frame('resume');
  expect(resume.frame).toMatchObject({ session: hello.frame.session, epoch: 2 });
  expect(resume.socket).not.toBe(hello.socket);
  const closed = new Promise((resolve) => hello.socket.once('close', resolve));
  plane.push(hello, plane.order({ run: 'old-way' }));
  const { socket, frame } = await plane.frame('result');
  expect(frame.results[0]).toMatchObject({ run: 'old-way', outcome: 'succeeded' });
  expect(socket).not.toBe(hello.socket);
  expect(hello.socket.readyState).toBe(hello.socket.OPEN);
  await closed;
  expect(plane.all('hello')).toHaveLength(1);
});

it.each([
  [401, /refuses this API key \(HTTP 401\): .*expired or revoked.*Start the worker with a valid one/],
  [403, /refuses this API key \(HTTP 403\): .*needs the scope workers:connect/],
])('says once what to do about a refusal with %s, and keeps trying', async (refuse, words) => {
  const plane = await startPlane({ refuse });
  const { worker, lines } = createWorker(plane, {}, { timings: { refusedDelayMs: 10 } });
  const started = worker.start();
  await plane.until(() => plane.upgrades[3]);
  plane.script.refuse = undefined;
  await started;
  const errors = lines.filter(({ level }) => level === 'error');
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toMatch(words);
  expect(JSON.stringify(lines)).not.toContain(TOKEN);
});

it('comes back seldom when its key was revoked while it was connected', async () => {
  const plane = await startPlane();
  const delays: number[] = [];
  const clock: typeof systemClock = {
    ...systemClock,
    startTimer: (delayMs, callback) => {
      delays.push(delayMs);
      return systemClock.startTimer(delayMs, callback);
    },
  };
  const { worker, lines } = createWorker(plane, {}, { clock, timings: { refusedDelayMs: 42_000 } });
  await worker.start();
  const { socket, frame } = await plane.frame('hello');
  // As the control plane does within a heartbeat: the session is lost, the socket closed, the next upgrade refused.
  plane.script.refuse = 401;
  plane.send(socket, { type: 'gone', session: frame.session });
  socket.close();
  await expect.poll(() => lines.filter(({ level }) => level === 'error')).toHaveLength(1);
  expect(lines.find(({ level }) => level === 'error')?.message).toContain('revoked');
  expect(plane.upgrades).toHaveLength(2);
  // Half of the pace, as `random` is 0.
  expect(delays).toContain(21_000);
});

it('keeps trying while the control plane is not there', async () => {
  const gone = await startPlane();
  const { url, port } = gone;
  await gone.close();
  const { worker, lines } = createWorker({ url });
  const started = worker.start();
  await expect.poll(() => lines.filter(({ message }) => message.startsWith('not connected')).length).toBeGreaterThan(2);
  const plane = await startPlane({}, port);
  await started;
  expect(plane.all('hello')).toHaveLength(1);
});

it('waits with full jitter, twice as long each time, 30 s at most', () => {
  expect([0, 1, 2, 5, 6, 50].map((failures) => reconnectDelayMs(failures, 1))).toEqual([
    500,
    1_000,
    2_000,
    16_000,
    RECONNECT_CAP_MS,
    RECONNECT_CAP_MS,
  ]);
  expect(reconnectDelayMs(6, 0)).toBe(0);
});
