/** A worker on a fake control plane, gone again when the test is over. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { CONNECTOR_TIMINGS } from '../../lib/worker/connector.ts';
import { Worker, type WorkerLogger, type WorkerOptions } from '../../lib/worker/index.ts';
import type { Surroundings } from '../../lib/worker/worker.ts';
import { type FakeControlPlane, type Script, startFakeControlPlane, TOKEN } from './fake-control-plane.ts';

export type LogLine = { readonly level: keyof WorkerLogger; readonly message: string; readonly fields: unknown };

export function createTestLogger(): { readonly logger: WorkerLogger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const log =
    (level: keyof WorkerLogger) =>
    (message: string, fields?: unknown): void => {
      lines.push({ level, message, fields });
    };
  return { lines, logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') } };
}

export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'cronsaga-test-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export async function startPlane(script: Partial<Script> = {}, port = 0): Promise<FakeControlPlane> {
  const plane = await startFakeControlPlane(script, port);
  onTestFinished(async () => {
    await plane.close();
    expect(plane.broken).toEqual([]);
  });
  return plane;
}

/** Not started yet, so that handlers can be registered. Reconnects at once, as `random` is 0. */
export function createWorker(
  plane: Pick<FakeControlPlane, 'url'>,
  options: Partial<WorkerOptions> = {},
  surroundings: Partial<Omit<Surroundings, 'timings'>> & { readonly timings?: Partial<Surroundings['timings']> } = {},
) {
  const { logger, lines } = createTestLogger();
  const { timings, ...rest } = surroundings;
  const worker = new Worker(
    { url: plane.url, token: TOKEN, name: 'test-worker', spoolDirectory: temporaryDirectory(), logger, ...options },
    { random: () => 0, timings: { ...CONNECTOR_TIMINGS, ...timings }, ...rest },
  );
  onTestFinished(() => worker.stop());
  return { worker, lines };
}

/** Something that a test settles by hand. */
export function gate<T = void>() {
  const { promise, resolve } = Promise.withResolvers<T>();
  return { promise, open: resolve };
}
