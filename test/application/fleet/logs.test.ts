/** Logs of runs: what counts as a run's log, live pieces in whatever order they come, and who may add to it. */
import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryLogStore } from '../../../lib/adapters/memory/fleet/logs.ts';
import { createMemoryDataStore } from '../../../lib/adapters/memory/side-stores.ts';
import { createLogs } from '../../../lib/application/fleet/logs.ts';
import type { Logs } from '../../../lib/application/fleet/logs-api.ts';
import { createReceiveLog } from '../../../lib/application/fleet/receive-log.ts';
import type { LogStore, Ports } from '../../../lib/application/ports/index.ts';
import { keptFor } from '../../../lib/domain/ids.ts';
import type { Run, TaskForm } from '../../../lib/domain/run.ts';
import { LATE_LOG_MS } from '../../../lib/domain/timing.ts';
import { NOW, RETENTION_MS, runIn } from '../../support/rows.ts';

const DAY_MS = 86_400_000;
const RUN = runIn('running').id;
const ALL = 1_000_000;

let now = NOW;
let rows: Map<string, Run>;
let runReads = 0;
let store: LogStore;
let expiries: number[];
let headReads = 0;
let onPause: () => Promise<void> | void;
let ports: Parameters<typeof createReceiveLog>[0] & Parameters<typeof createLogs>[0];
let logs: Logs;
let receive: ReturnType<typeof createReceiveLog>;

const put = (run: Run): void => {
  rows.set(run.id, run);
};
const piece = (from: number, text: string, fields: object = {}) => ({
  ...{ pool: 'default', run: RUN, attempt: 1, from, text },
  ...fields,
});
const textOf = async (run = RUN): Promise<string | undefined> => (await logs.read(run, 0, ALL))?.text;
const form = (saveLog: boolean): TaskForm => ({
  name: 'n',
  project: 'default',
  category: 'default',
  description: '',
  saveLog,
});

beforeEach(() => {
  now = NOW;
  rows = new Map();
  runReads = 0;
  headReads = 0;
  expiries = [];
  onPause = () => undefined;
  const memory = createMemoryLogStore();
  store = {
    ...memory,
    append: async (run, text, as) => {
      expiries.push(as.expiresAt);
      return memory.append(run, text, as);
    },
    head: async (run) => {
      headReads += 1;
      return memory.head(run);
    },
  };
  ports = {
    logs: store,
    runs: {
      get: async (id) => {
        runReads += 1;
        return rows.get(id);
      },
    } as Partial<Ports['runs']> as Ports['runs'],
    data: createMemoryDataStore(),
    settings: { shards: () => ({ sessions: 1, ready: 1 }), pools: [], retentionMs: RETENTION_MS, ageingMs: 1 },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    now: () => now,
    pause: async (ms) => {
      now += ms;
      await onPause();
    },
  };
  logs = createLogs(ports);
  receive = createReceiveLog(ports);
});

describe('live pieces', () => {
  beforeEach(() => put(runIn('running')));

  it('make up the log, each once', async () => {
    await receive(piece(0, 'one\n'));
    await receive(piece(4, 'zwö\n'));
    await receive(piece(4, 'zwö\n'));
    await receive(piece(0, 'one\n'));
    await receive(piece(9, 'three\n'));
    expect(await textOf()).toBe('one\nzwö\nthree\n');
    expect(expiries[0]).toBe(NOW + 300_000 + RETENTION_MS + DAY_MS);
  });

  it('of a step are kept for as long as its run', async () => {
    const id = '42~pay~1';
    put(runIn('running', { id }));
    await receive(piece(0, 'one\n', { run: id }));
    expect(expiries[0]).toBe(NOW + 300_000 + keptFor(id, RETENTION_MS) + DAY_MS);
  });

  it('cost one read of the run in 15 s, and none of the log while they come in order', async () => {
    for (let from = 0; from < 100; from += 10) {
      await receive(piece(from, 'x'.repeat(10)));
    }
    expect([runReads, headReads]).toEqual([1, 0]);
    now += 15_000;
    await receive(piece(100, 'y'));
    expect([runReads, headReads]).toEqual([2, 0]);
  });

  it('wait for the piece that they have overtaken', async () => {
    onPause = () => receive(piece(0, 'first '));
    await receive(piece(6, 'second'));
    expect(await textOf()).toBe('first second');
  });

  it('are read on from by another instance of the function', async () => {
    await receive(piece(0, 'first '));
    await createReceiveLog(ports)(piece(6, 'second'));
    expect(await textOf()).toBe('first second');
  });

  it('show with a mark what does not come, and nothing twice when it comes after all', async () => {
    await receive(piece(0, 'begin'));
    await receive(piece(105, 'end'));
    await receive(piece(5, 'x'.repeat(100)));
    expect(await textOf()).toBe('begin\n… [cut: 100 bytes]\nend');
    await receive(piece(108, '!'));
    expect(await textOf()).toMatch(/end!$/);
    expect(now - NOW).toBeLessThan(3_000);
  });

  it('go without a mark where that would be longer than what is missing', async () => {
    await receive(piece(3, 'def'));
    expect(await textOf()).toBe('def');
  });

  it('of a second attempt follow those of the first', async () => {
    await receive(piece(0, 'one\n'));
    put(runIn('running', { attempt: 2 }));
    await receive(piece(0, 'two\n', { attempt: 2 }));
    expect(await textOf()).toBe('one\ntwo\n');
  });

  it.each([
    ['of another attempt', {}, { attempt: 2 }],
    ['of another pool', {}, { pool: 'other' }],
    ['of an unknown run', {}, { run: '99' }],
    ['of a run whose log is not kept', { task: form(false) }, {}],
    ['of a job whose logs are not kept', { job: '7', unsaved: true as const }, {}],
    ['of a run that ended a while ago', { status: 'succeeded', endedAt: NOW - LATE_LOG_MS - 1 } as const, {}],
  ])('%s are left out', async (_name, run, fields) => {
    put(runIn('running', run));
    await receive(piece(0, 'foreign', fields));
    expect([await store.head(RUN), await store.head('99')]).toEqual([undefined, undefined]);
  });

  it('are taken shortly after the end: the result may have overtaken them', async () => {
    put(runIn('succeeded'));
    await receive(piece(0, 'last words'));
    expect(await textOf()).toBe('last words');
  });

  it('of another pool are not answered with what was found for this one', async () => {
    await receive(piece(0, 'mine'));
    await receive(piece(4, 'foreign', { pool: 'other' }));
    expect(await textOf()).toBe('mine');
  });
});

describe('the log of a run', () => {
  const ended = (fields: Partial<Run> = {}): Run => runIn('succeeded', { output: 'out\n', log: 'lines\n', ...fields });

  it('is what its worker reported, where nothing was streamed', async () => {
    put(ended({ error: 'oops' }));
    expect(await textOf()).toBe('out\nlines\noops');
    expect(await logs.find(RUN)).toMatchObject({ run: RUN, storage: 'db', size: 14, createdAt: NOW + 1_000 });
  });

  it('is found in full where it lies beside the row', async () => {
    put(ended({ reportStored: true, output: 'cut' }));
    await ports.data.putReport(RUN, 1, { output: 'whole' }, now + DAY_MS);
    expect(await textOf()).toBe('whole\nlines\n');
  });

  it('shows what a person noted in place of the output', async () => {
    put(ended({ notedOutput: 'noted' }));
    expect(await textOf()).toBe('noted\nlines\n');
  });

  it('is what was streamed, where something was', async () => {
    put(runIn('running'));
    await receive(piece(0, 'streamed'));
    put(ended());
    expect(await textOf()).toBe('streamed');
  });

  it('is only what a client wrote, where the output is not to be kept', async () => {
    put(ended({ task: form(false) }));
    expect([await textOf(), await logs.find(RUN)]).toEqual(['', undefined]);
    await logs.append(RUN, { text: 'x' });
    expect(await textOf()).toBe('x');
  });

  it('of an unknown or hidden run is not there', async () => {
    put(ended({ id: '5', hidden: true }));
    for (const id of ['4', '5']) {
      expect(await logs.read(id, 0, ALL)).toBeUndefined();
      expect(await logs.find(id)).toBeUndefined();
      expect(await logs.create(id, { text: '' })).toEqual({ kind: 'no_run' });
      expect(await logs.replace(id, { text: '' })).toEqual({ kind: 'no_run' });
      expect(await logs.remove(id)).toBe(false);
    }
  });

  it('can be written, added to, replaced and removed', async () => {
    put(ended());
    const created = await logs.create(RUN, { text: 'a', storage: 's3' });
    expect(created).toMatchObject({ kind: 'written', log: { storage: 's3', size: 1 } });
    expect(created).not.toHaveProperty('log.streamed');
    expect(await logs.create(RUN, { text: 'b' })).toEqual({ kind: 'exists' });
    expect(await logs.append(RUN, { text: 'c' })).toMatchObject({ log: { storage: 's3', size: 2 } });
    expect(await textOf()).toBe('ac');
    expect(await logs.replace(RUN, { text: 'neu' })).toMatchObject({ log: { size: 3 } });
    expect(await textOf()).toBe('neu');
    expect([await logs.remove(RUN), await logs.remove(RUN)]).toEqual([true, false]);
    expect(await textOf()).toBe('out\nlines\n');
  });

  it('is read in pieces, between characters', async () => {
    put(ended({ output: 'aüb', log: '' }));
    expect(await logs.read(RUN, 0, 2)).toEqual({ text: 'a', next: 1, complete: false });
    expect(await logs.read(RUN, 1, 2)).toEqual({ text: 'ü', next: 3, complete: false });
    expect(await logs.read(RUN, 3, 2)).toEqual({ text: 'b', next: 4, complete: true });
    expect(await logs.read(RUN, 9, 2)).toEqual({ text: '', next: 4, complete: true });
  });

  it('goes on from its end where it was replaced by a shorter one', async () => {
    put(runIn('running'));
    await logs.append(RUN, { text: 'a long text' });
    await logs.replace(RUN, { text: 'short' });
    expect(await logs.read(RUN, 11, ALL)).toEqual({ text: '', next: 5, complete: false });
  });

  it('is complete when the run has ended and nothing has come for a while', async () => {
    put(runIn('running'));
    expect(await logs.read(RUN, 0, ALL)).toEqual({ text: '', next: 0, complete: false });
    await receive(piece(0, 'text'));
    expect(await logs.read(RUN, 0, ALL)).toMatchObject({ complete: false });
    now += 10_000;
    put(runIn('succeeded', { endedAt: now }));
    expect(await logs.read(RUN, 4, ALL)).toEqual({ text: '', next: 4, complete: false });
    now += 2_000;
    await receive(piece(4, ' more'));
    now += 2_000;
    expect(await logs.read(RUN, 4, ALL)).toEqual({ text: ' more', next: 9, complete: false });
    now += 1_000;
    expect(await logs.read(RUN, 9, ALL)).toEqual({ text: '', next: 9, complete: true });
  });

  it('is not complete while a cancelled run may still write', async () => {
    put(runIn('cancelled', { output: 'x' }));
    expect(await logs.read(RUN, 1, ALL)).toMatchObject({ complete: false });
    put(runIn('cancelled', { output: 'x', evidence: { state: 'exited', at: now } }));
    expect(await logs.read(RUN, 1, ALL)).toMatchObject({ complete: true });
  });
});

describe('a list of logs', () => {
  it('shows the newest first, and says when it has not seen all', async () => {
    for (let index = 0; index < 2_300; index += 1) {
      now += 1;
      await store.append(String(index + 1), '', { now, expiresAt: now });
    }
    const first = await logs.list({ matches: () => true, offset: 0, limit: 2 });
    expect(first).toMatchObject({ total: 2_000, partial: true });
    expect(first.logs.map(({ run }) => run)).toEqual(['2300', '2299']);
    const even = await logs.list({ matches: ({ run }) => run === '1500', offset: 0, limit: 2 });
    expect(even).toMatchObject({ total: 1, logs: [{ run: '1500' }] });
    const page = await logs.list({ matches: () => true, offset: 10, limit: 1 });
    expect(page.logs.map(({ run }) => run)).toEqual(['2290']);
  });

  it('shows none of a step, whose run is shown with its transaction alone', async () => {
    await store.append('1', '', { now, expiresAt: now });
    await store.append('42~pay~1', '', { now, expiresAt: now });
    const found = await logs.list({ matches: () => true, offset: 0, limit: 5 });
    expect([found.total, found.logs.map(({ run }) => run)]).toEqual([1, ['1']]);
  });

  it('ends with the last one', async () => {
    await store.append('1', '', { now, expiresAt: now });
    expect(await logs.list({ matches: () => true, offset: 0, limit: 5 })).toMatchObject({ total: 1, partial: false });
  });
});
