import { expect, it } from 'vitest';
import type { RunOrder } from '../../lib/contracts/frames.ts';
import type { ServerClock } from '../../lib/worker/clock.ts';
import { inProcess } from '../../lib/worker/handlers.ts';
import { createSlots } from '../../lib/worker/slots.ts';
import { createVirtualClock } from './virtual-clock.ts';

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const order: RunOrder = {
  seq: 1,
  run: 'r',
  attempt: 1,
  handler: 'test',
  payload: '{}',
  notBefore: 10_000,
  timeoutMs: 60_000,
  maxTries: 1,
  tries: 0,
};

it('a run that fell due by a wrong clock waits for its instant once the clock is right again (D1, K4)', async () => {
  const clock = createVirtualClock();
  let [aheadMs, confirmed] = [0, true];
  const serverClock: ServerClock = {
    nowMs: () => clock.monotonicMs() + aheadMs,
    observe: () => undefined,
    observeRoundTrip: () => undefined,
    forget: () => undefined,
  };
  const begun: number[] = [];
  const slots = createSlots({
    maxTasks: () => 1,
    handlers: new Map([
      ['test', { execute: inProcess(() => void begun.push(clock.monotonicMs())), idempotent: false }],
    ]),
    clock,
    serverClock,
    loadPayload: async () => ({ payload: {} }),
    storeOutput: async () => undefined,
    mayStart: () => confirmed,
    onResult: () => undefined,
    onStarted: () => undefined,
    onProgress: () => undefined,
    openStream: () => ({
      write: () => undefined,
      begin: () => undefined,
      end: () => undefined,
      drop: () => undefined,
    }),
    onGone: () => undefined,
  });
  slots.accept(order);
  await settle();
  // A sleep is suspected, the server's clock forgotten, and the wall clock is a minute ahead.
  [aheadMs, confirmed] = [60_000, false];
  clock.advance(10_000 - 51);
  expect(begun).toEqual([]);
  [aheadMs, confirmed] = [-5_000, true];
  slots.pump();
  expect(begun).toEqual([]);
  clock.advance(5_000);
  expect(begun).toEqual([]);
  clock.advance(51);
  expect(begun).toEqual([15_000]);
});
