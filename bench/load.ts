/** Tasks over HTTP to a local stack, executed by workers in this process whose handler does nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTextLogger, Worker } from '../lib/worker/index.ts';
import type { StackProcess } from './stack.ts';

const HANDLER = 'bench';
const SLOTS = 100;
/** API D takes nothing that is due already; a request that waits for longer than this is a fault. */
const LONGEST_AHEAD_MS = 5_000;

/** Resolves when the handler was called, to how late that was in ms. */
export type Started = { readonly started: Promise<number> };

export type Load = {
  /** Creates a task that is due in so many ms, in more when the request takes longer than that to be looked at. */
  readonly create: (aheadMs: number) => Promise<Started>;
  /** Tasks that were created and have not started. */
  readonly waiting: () => number;
  readonly close: () => Promise<void>;
};

type Payload = { readonly id: string; readonly due: number };

export const openLoad = async ({ url, wsUrl, workerKey }: StackProcess, workers: number): Promise<Load> => {
  const spools = mkdtempSync(join(tmpdir(), 'cronsaga-bench-'));
  const waiting = new Map<string, (lateMs: number) => void>();
  const logger = createTextLogger((line) => process.stderr.write(line), 'error');
  const fleet = Array.from({ length: workers }, (_, index) => {
    const name = `bench-${index}`;
    const options = { url: wsUrl, token: workerKey, name, maxTasks: SLOTS, spoolDirectory: join(spools, name), logger };
    return new Worker(options).handle(HANDLER, ({ payload }) => {
      const { id, due } = payload as Payload;
      waiting.get(id)?.(Date.now() - due);
      waiting.delete(id);
    });
  });
  await Promise.all(fleet.map((worker) => worker.start()));
  let created = 0;

  const create = async (aheadMs: number): Promise<Started> => {
    created += 1;
    const payload: Payload = { id: String(created), due: Date.now() + aheadMs };
    const started = new Promise<number>((resolve) => waiting.set(payload.id, resolve));
    const response = await fetch(`${url}/api/v1/tasks`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ execute_at: new Date(payload.due).toISOString(), task_type: HANDLER, payload }),
    });
    const text = await response.text();
    if (response.status === 400 && text.includes('in the future') && aheadMs < LONGEST_AHEAD_MS) {
      waiting.delete(payload.id);
      return create(aheadMs * 2);
    }
    if (response.status !== 201) {
      throw new Error(`The task was refused: ${response.status} ${text}`);
    }
    return { started };
  };

  return {
    create,
    waiting: () => waiting.size,
    close: async () => {
      await Promise.all(fleet.map((worker) => worker.drain(10_000)));
      rmSync(spools, { recursive: true, force: true });
    },
  };
};
