import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startRecurringInvoker } from '../../../lib/local/events/recurring-invoker.ts';

describe('a recurring schedule', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('invokes its function every time, until it is stopped, and then waits for what runs', async () => {
    const invoked: unknown[] = [];
    const running = Promise.withResolvers<{ readonly ok: true; readonly payload: unknown }>();
    const invoker = startRecurringInvoker({
      source: { functionArn: 'arn', everyMs: 300_000, input: { a: 1 } },
      invoke: (functionArn, event) => {
        invoked.push([functionArn, event]);
        return invoked.length === 1 ? Promise.resolve({ ok: true, payload: null }) : running.promise;
      },
    });
    await vi.advanceTimersByTimeAsync(299_999);
    expect(invoked).toEqual([]);
    await vi.advanceTimersByTimeAsync(300_001);
    expect(invoked).toEqual([
      ['arn', { a: 1 }],
      ['arn', { a: 1 }],
    ]);
    let stopped = false;
    const stop = invoker.stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(900_000);
    expect({ invocations: invoked.length, stopped }).toEqual({ invocations: 2, stopped: false });
    running.resolve({ ok: true, payload: null });
    await stop;
    expect(stopped).toBe(true);
  });
});
