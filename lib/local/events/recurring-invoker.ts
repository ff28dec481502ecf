/** A recurring schedule with a function as its target: the other part of EventBridge Scheduler that no emulator runs. */
import type { Invoke } from '../functions/invocation.ts';
import type { RecurringSource } from '../template/application.ts';

export type RecurringInvoker = {
  /** Invokes nothing any more; resolves when what was invoked has ended. */
  readonly stop: () => Promise<void>;
};

/** The first time after one interval. What fails is logged by whoever runs the function, and not repeated before its next turn. */
export const startRecurringInvoker = (options: {
  readonly source: RecurringSource;
  readonly invoke: Invoke;
}): RecurringInvoker => {
  const { source, invoke } = options;
  const running = new Set<Promise<unknown>>();
  const timer = setInterval(() => {
    const invocation: Promise<unknown> = invoke(source.functionArn, source.input).finally(() =>
      running.delete(invocation),
    );
    running.add(invocation);
  }, source.everyMs);
  return {
    stop: async () => {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
};
