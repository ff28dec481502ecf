import { describe, expect, it } from 'vitest';
import { Worker } from '../../lib/worker/index.ts';
import { TOKEN } from './fake-control-plane.ts';
import { createTestLogger, createWorker, gate, startPlane, temporaryDirectory } from './start-worker.ts';

describe('drain', () => {
  it('grants no more, finishes what it has, says goodbye and closes', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { maxTasks: 4 });
    const finish = gate<string>();
    const began = gate();
    worker.handle('test', () => {
      began.open();
      return finish.promise;
    });
    await worker.start();
    const hello = await plane.frame('hello');
    const closed = new Promise((resolve) => hello.socket.once('close', resolve));
    plane.push(hello, plane.order({ run: 'r' }));
    await began.promise;
    const drained = worker.drain();
    expect((await plane.frame('heartbeat')).frame).toMatchObject({ seen: 1, limit: 0, list: [['r', 1]] });
    // It was pushed before the control plane could know: it is within the credit that was granted.
    plane.push(hello, plane.order({ run: 's' }));
    plane.send(hello.socket, { type: 'sync', session: hello.frame.session, q: 2 });
    expect((await plane.frame('heartbeat')).frame).toMatchObject({ seen: 2, limit: 0 });
    finish.open('done');
    expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded' });
    expect(await plane.result('s')).toMatchObject({ outcome: 'succeeded' });
    await plane.frame('goodbye');
    await drained;
    await closed;
    expect(plane.all('result').at(-1)).toMatchObject({ seen: 2, limit: 2 });
  });

  it('gives up what is not done in its time, without a result: the control plane takes it back', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const began = gate();
    let aborted = false;
    worker.handle('test', async (_task, { signal }) => {
      began.open();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      aborted = true;
    });
    await worker.start();
    plane.push(await plane.frame('hello'), plane.order({ run: 'r' }));
    await began.promise;
    await worker.drain(50);
    await plane.frame('goodbye');
    expect(aborted).toBe(true);
    expect(plane.all('result')).toEqual([]);
  });

  it('is cut short by stop', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const began = gate();
    worker.handle('test', async (_task, { signal }) => {
      began.open();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
    });
    await worker.start();
    plane.push(await plane.frame('hello'), plane.order({ run: 'r' }));
    await began.promise;
    const drained = worker.drain();
    await plane.frame('heartbeat');
    await worker.stop();
    await drained;
    await plane.frame('goodbye');
  });

  it('ends a worker that was never welcomed, whose start() then resolves', async () => {
    const plane = await startPlane({ onHello: 'silence' });
    const { worker } = createWorker(plane);
    const started = worker.start();
    await plane.frame('hello');
    await worker.drain();
    await started;
    expect(plane.all('goodbye')).toEqual([]);
  });
});

describe('registration', () => {
  const options = { url: 'ws://127.0.0.1:1', token: TOKEN, name: 'w', logger: createTestLogger().logger };

  it('refuses a name twice, also that of an allowed built-in handler', () => {
    const worker = new Worker({ ...options, allow: ['shell'] });
    worker.handle('mine', () => {}).handle('http', () => {});
    expect(() => worker.handle('mine', () => {})).toThrow('There is a handler named "mine" already.');
    expect(() => worker.handle('shell', () => {})).toThrow('There is a handler named "shell" already.');
    expect(() => worker.handle('', () => {})).toThrow('1 to 50 characters');
    expect(() => worker.handle('🦄'.repeat(51), () => {})).toThrow('1 to 50 characters');
    expect(() => worker.handle('🦄'.repeat(50), () => {})).not.toThrow();
  });

  it('refuses a handler after start', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { spoolDirectory: temporaryDirectory() });
    await worker.start();
    expect(() => worker.handle('late', () => {})).toThrow('before start()');
  });

  it.each([
    [{ url: 'http://x' }, 'url must be a URL that begins with ws:// or wss://'],
    [{ token: '' }, 'token is needed'],
    [{ token: 'two words' }, 'token is needed'],
    [{ name: 'a b' }, 'name must be 1 to 64'],
    [{ maxTasks: 0 }, 'maxTasks must be a whole number from 1 to 100'],
    [{ maxTasks: 1.5 }, 'maxTasks must be a whole number from 1 to 100'],
    [{ maxTasks: Number.NaN }, 'maxTasks must be a whole number from 1 to 100'],
    [{ tags: ['a,b'] }, 'tags must be 1 to 64'],
    [{ allowNetwork: ['10/8'] }, 'allowNetwork "10/8" is no network'],
    [{ httpUrl: 'ftp://x' }, 'httpUrl must be a URL that begins with http:// or https://'],
  ])('refuses %j', (wrong, message) => {
    expect(() => new Worker({ ...options, ...wrong })).toThrow(message);
  });

  it('never repeats the token in a message', () => {
    expect(() => new Worker({ ...options, token: 'secret with spaces' })).toThrow(
      expect.not.stringContaining('secret'),
    );
  });
});
