/** What runs write, while they run: pieces, positions, what is lost and sent again, and real processes. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { WorkerFrameOf } from '../../lib/contracts/frames.ts';
import { MAX_FRAME_BYTES, MAX_LOG_PIECE_CHARS } from '../../lib/contracts/limits.ts';
import { LATE_LOG_MS } from '../../lib/domain/timing.ts';
import {
  createStreaming,
  LOG_APART_MS,
  LOG_EVERY_MS,
  MAX_BUFFERED_BYTES,
  type RunStream,
} from '../../lib/worker/streaming.ts';
import { createWorker, gate, startPlane, temporaryDirectory } from './start-worker.ts';
import { createVirtualClock } from './virtual-clock.ts';

type Sent = {
  readonly at: number;
  readonly from: number;
  readonly text: string;
  readonly done: (sent: boolean) => void;
};

const ORDER = { run: 'r', attempt: 1, stream: true } as const;
const FULL = 'x'.repeat(MAX_LOG_PIECE_CHARS);

function start() {
  const clock = createVirtualClock();
  const sent: Sent[] = [];
  let linked = true;
  let allSent = 0;
  const streaming = createStreaming({
    clock,
    send: (_ref, from, text, done) => {
      if (linked) sent.push({ at: clock.monotonicMs(), from, text, done });
      return linked;
    },
    onSent: () => {
      allSent += 1;
    },
  });
  return {
    clock,
    sent,
    streaming,
    texts: () => sent.map(({ text }) => text),
    setLinked: (value: boolean) => {
      linked = value;
    },
    allSent: () => allSent,
    begun: (): RunStream => {
      const stream = streaming.open(ORDER);
      stream.begin();
      return stream;
    },
  };
}

/** What a reader has who leaves out what came twice; a gap shows as `[…n]`. */
function assembled(pieces: readonly { readonly from: number; readonly text: string }[]): string {
  let text = '';
  let position = 0;
  for (const piece of pieces) {
    const bytes = Buffer.from(piece.text);
    if (piece.from > position) text += `[…${piece.from - position}]`;
    text += bytes.subarray(Math.max(0, position - piece.from)).toString();
    position = Math.max(position, piece.from + bytes.length);
  }
  return text;
}

describe('a stream', () => {
  it('sends nothing of a run that ends before it begins to be shown, and keeps nothing of it', () => {
    const { streaming, sent, clock } = start();
    const stream = streaming.open(ORDER);
    stream.write('short\n');
    stream.end();
    streaming.resume();
    clock.advance(10_000);
    expect([sent, streaming.waits(), clock.waiting()]).toEqual([[], false, 0]);
  });

  it('is not kept where the order does not ask for it', () => {
    const { streaming, sent, clock } = start();
    const stream = streaming.open({ run: 'r', attempt: 1 });
    stream.begin();
    stream.write('a');
    clock.advance(10_000);
    stream.end();
    expect(sent).toEqual([]);
  });

  it('sends what was written before it began, then what was written within each second', () => {
    const { streaming, sent, clock } = start();
    const stream = streaming.open(ORDER);
    stream.write('a\n');
    clock.advance(2_000);
    stream.write('b\n');
    stream.begin();
    stream.write('ü\n');
    clock.advance(300);
    stream.write('d\n');
    clock.advance(5_000);
    stream.write('e\n');
    expect(sent.map(({ at, from, text }) => [at, from, text])).toEqual([
      [2_000, 0, 'a\nb\n'],
      [2_000 + LOG_EVERY_MS, 4, 'ü\nd\n'],
      [7_300, 9, 'e\n'],
    ]);
    expect(clock.waiting()).toBe(0);
  });

  it('does not wait for the second when a piece is full, and keeps full ones apart', () => {
    const { sent, clock, begun } = start();
    const stream = begun();
    stream.write('first');
    stream.write(`${FULL}${FULL}end`);
    clock.advance(LOG_APART_MS);
    clock.advance(LOG_APART_MS);
    expect(sent.map(({ at, from, text }) => [at, from, text.length])).toEqual([
      [0, 0, 5],
      [LOG_APART_MS, 5, MAX_LOG_PIECE_CHARS],
      [2 * LOG_APART_MS, 5 + MAX_LOG_PIECE_CHARS, MAX_LOG_PIECE_CHARS],
    ]);
    clock.advance(LOG_EVERY_MS);
    expect(assembled(sent)).toBe(`first${FULL}${FULL}end`);
  });

  it('sends its last pieces at once when it ends, and no more of what is written after', () => {
    const { sent, clock, begun, allSent } = start();
    const stream = begun();
    stream.write('a');
    stream.write('b');
    stream.end();
    stream.write('too late');
    clock.advance(10_000);
    expect(sent.map(({ at, text }) => [at, text])).toEqual([
      [0, 'a'],
      [0, 'b'],
    ]);
    expect(allSent()).toBe(1);
  });

  it('lets a long rest follow after the end, and says when it is out', () => {
    const { sent, clock, begun, allSent, streaming } = start();
    const stream = begun();
    stream.write(FULL.repeat(10));
    stream.end();
    expect([sent.length, streaming.waits(), allSent()]).toEqual([1 + 4, true, 0]);
    clock.advance(5 * LOG_APART_MS);
    expect([sent.length, streaming.waits(), allSent()]).toEqual([10, false, 1]);
    expect(assembled(sent)).toBe(FULL.repeat(10));
  });

  it.each([
    ['control characters, six bytes each in JSON', '\u0001'.repeat(MAX_LOG_PIECE_CHARS)],
    ['characters of four bytes', '𝄞'.repeat(MAX_LOG_PIECE_CHARS)],
    ['characters of three bytes', '報'.repeat(MAX_LOG_PIECE_CHARS)],
    ['a pair on the edge of a piece', `${'x'.repeat(MAX_LOG_PIECE_CHARS - 1)}𝄞𝄞`],
    ['halves of pairs', `a\ud834${FULL}\udd1eb`],
  ])('cuts %s into frames without breaking a character', (_name, text) => {
    const { sent, clock, begun } = start();
    const stream = begun();
    stream.write(text);
    stream.end();
    clock.advance(60_000);
    expect(assembled(sent)).toBe(text.toWellFormed());
    for (const piece of sent) {
      expect(piece.text.isWellFormed()).toBe(true);
      expect(piece.text.length).toBeLessThanOrEqual(MAX_LOG_PIECE_CHARS);
      expect(Buffer.byteLength(JSON.stringify(piece.text))).toBeLessThan(MAX_FRAME_BYTES);
    }
  });

  it('waits for a link, and sends again what was handed to the old one shortly before', () => {
    const { sent, clock, begun, streaming, setLinked } = start();
    const stream = begun();
    stream.write('arrived\n');
    clock.advance(20_000);
    stream.write('unsure\n');
    setLinked(false);
    clock.advance(5_000);
    stream.write('waiting\n');
    setLinked(true);
    streaming.resume();
    clock.advance(5_000);
    expect(sent.map(({ from, text }) => [from, text])).toEqual([
      [0, 'arrived\n'],
      [8, 'unsure\n'],
      [8, 'unsure\n'],
      [15, 'waiting\n'],
    ]);
    expect(assembled(sent)).toBe('arrived\nunsure\nwaiting\n');
  });

  it('sends again what the socket did not take, and what followed it', () => {
    const { sent, clock, begun, streaming } = start();
    const stream = begun();
    stream.write('a');
    clock.advance(2_000);
    stream.write('b');
    clock.advance(2_000);
    sent[0]?.done(false);
    sent[1]?.done(true);
    streaming.resume();
    clock.advance(2_000);
    expect(sent.map(({ text }) => text)).toEqual(['a', 'b', 'a', 'b']);
  });

  it('drops the oldest of more than 1 MB, which shows as a gap', () => {
    const { sent, clock, begun, streaming, setLinked } = start();
    setLinked(false);
    const stream = begun();
    const lines = Array.from({ length: 200_000 }, (_, index) => `line ${index}\n`);
    for (const line of lines) stream.write(line);
    setLinked(true);
    streaming.resume();
    clock.advance(60_000);
    const all = lines.join('');
    const [, gap, rest = ''] = /^\[…(\d+)\](.*)$/s.exec(assembled(sent)) ?? [];
    expect(rest.length).toBeLessThanOrEqual(MAX_BUFFERED_BYTES);
    expect(rest.length).toBeGreaterThan(MAX_BUFFERED_BYTES - 2 * MAX_LOG_PIECE_CHARS);
    expect(Number(gap) + rest.length).toBe(all.length);
    expect(all.endsWith(rest)).toBe(true);
  });

  it('is forgotten a while after its end, sent or not', () => {
    const { clock, begun, streaming, setLinked } = start();
    setLinked(false);
    const stream = begun();
    stream.write('never');
    stream.end();
    streaming.purge();
    expect(streaming.waits()).toBe(true);
    clock.advance(LATE_LOG_MS + 1);
    streaming.purge();
    expect(streaming.waits()).toBe(false);
  });

  it('stops when it is dropped', () => {
    const { sent, clock, begun, streaming, texts } = start();
    const stream = begun();
    stream.write('a');
    stream.write('b');
    stream.drop();
    streaming.resume();
    clock.advance(10_000);
    expect([texts(), clock.waiting(), sent.length]).toEqual([['a'], 0, 1]);
  });
});

const logsOf = (frames: readonly WorkerFrameOf<'log'>[], run: string) => frames.filter((frame) => frame.run === run);

describe('a worker', () => {
  it('shows what a process writes while it runs, and has sent it all before the result', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { allow: ['shell'] });
    await worker.start();
    const hello = await plane.frame('hello');
    const go = join(temporaryDirectory(), 'go');
    const command = `echo one; echo two >&2; while [ ! -e ${go} ]; do sleep 0.05; done; echo three`;
    const order = { handler: 'shell', payload: JSON.stringify({ command }) };
    const { stream: _, ...quiet } = plane.order({ run: 'quiet', ...order });
    plane.push(hello, plane.order({ run: 'shown', ...order }), quiet);

    const { frame } = await plane.frame('log', ({ run }) => run === 'shown');
    expect(existsSync(go)).toBe(false);
    expect(frame).toMatchObject({ attempt: 1, from: 0, session: hello.frame.session, pool: hello.frame.pool });
    expect(frame.text.split('\n').toSorted()).toEqual(['', 'one', 'two']);

    writeFileSync(go, '');
    expect(await plane.result('shown')).toMatchObject({ outcome: 'succeeded', output: 'one\nthree\n', log: 'two\n' });
    const { output, log, ...result } = await plane.result('quiet');
    expect([output, log, result.outcome]).toEqual([undefined, undefined, 'succeeded']);
    expect(assembled(logsOf(plane.all('log'), 'shown'))).toBe(`${frame.text}three\n`);
    expect(logsOf(plane.all('log'), 'quiet')).toEqual([]);
  });

  it('shows what a handler logs', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const end = gate();
    worker.handle('test', async (_task, context) => {
      context.log('begun');
      await end.promise;
      context.log('done');
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r', stream: true }));
    expect((await plane.frame('log')).frame).toMatchObject({ run: 'r', from: 0, text: 'begun\n' });
    end.open();
    expect(await plane.result('r')).toMatchObject({ outcome: 'succeeded', log: 'begun\ndone\n' });
    expect(assembled(plane.all('log'))).toBe('begun\ndone\n');
  });

  it('sends two frames for a short run, however much it writes', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane, { allow: ['shell'] });
    await worker.start();
    const hello = await plane.frame('hello');
    const payload = JSON.stringify({ command: 'seq 1 20000' });
    plane.push(hello, plane.order({ run: 'r', stream: true, handler: 'shell', payload }));
    await plane.result('r');
    expect(plane.all('log')).toEqual([]);
    expect(plane.all('started')).toEqual([]);
  });

  it('goes on with the stream on a new socket', async () => {
    const plane = await startPlane();
    const { worker } = createWorker(plane);
    const more = gate();
    worker.handle('test', async (_task, context) => {
      context.log('before');
      await more.promise;
      context.log('after');
    });
    await worker.start();
    const hello = await plane.frame('hello');
    plane.push(hello, plane.order({ run: 'r', stream: true }));
    await plane.frame('log');
    hello.socket.terminate();
    more.open();
    await plane.frame('resume');
    await plane.result('r');
    expect(assembled(plane.all('log'))).toBe('before\nafter\n');
  });
});
