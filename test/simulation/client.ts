/** Those who call: over HTTP as API D says, and straight into the use cases for what no API asks for yet. */

import type { Context } from 'aws-lambda';
import { httpEvent, lambdaContext } from '../support/http-event.ts';
import type { Basics } from './basics.ts';
import type { Functions } from './cloud/functions.ts';
import type { Behaviour } from './fleet/behaviour.ts';

export type Order = Partial<Behaviour> & {
  readonly label: string;
  readonly handler?: string;
  /** From now. Default 50: API D takes no instant that has passed. */
  readonly inMs?: number;
  readonly maxTries?: number;
  readonly timeoutMs?: number;
  readonly priority?: number;
  /** Repeats until it is answered, under an `Idempotency-Key`. */
  readonly keyed?: boolean;
};

/** Without its countdown, which would run in real time. */
const context = (): Context => {
  const { getRemainingTimeInMillis: _, ...rest } = lambdaContext();
  return rest as Context;
};

type Answer = { readonly status: number; readonly body: unknown };

/** A client waits so long for an answer, and so long before it asks again. */
const GIVES_UP_MS = 30_000;
const AGAIN_MS = 2_000;
const TRIES = 8;
const SOON_MS = 50;

type Surroundings = Pick<Basics, 'timeline' | 'faults' | 'ledger' | 'say'> & {
  readonly functions: Functions;
};

const taskIn = (body: unknown): { readonly id: number; readonly status: string } | undefined => {
  const found = (body as { readonly task?: { readonly id: number; readonly status: string } }).task;
  return found;
};

export const createClient = ({ timeline, faults, ledger, functions, say }: Surroundings) => {
  /** Requests that were sent for each label: without a key, each of them may have made a run. */
  const asked = new Map<string, { sent: number; readonly keyed: boolean }>();
  const idsOf = new Map<string, Set<string>>();
  let requests = 0;

  /** @param onSent for each copy of the request that goes out */
  const send = async (
    request: string,
    headers: Record<string, string>,
    body?: object,
    onSent: () => void = () => undefined,
  ): Promise<Answer | undefined> => {
    requests += 1;
    const requestId = `request-${requests}`;
    const once = (): Promise<Answer | undefined> => {
      onSent();
      return functions
        .invoke('http', (handler) =>
          handler(httpEvent(request, { headers, requestId, ...(body === undefined ? {} : { body }) }), context()),
        )
        .then((ended) =>
          ended.kind === 'died'
            ? undefined
            : { status: ended.answer.statusCode ?? 0, body: JSON.parse(ended.answer.body ?? 'null') as unknown },
        );
    };
    if (faults.strike('request_doubled')) {
      void once();
    }
    const unanswered = faults.strike('request_unanswered');
    const answer = await Promise.race([once(), timeline.pause(GIVES_UP_MS).then(() => undefined)]);
    say(() => [
      'client',
      `${request} → ${unanswered || answer === undefined ? 'no answer' : `${answer.status} ${JSON.stringify(answer.body)}`}`,
    ]);
    return unanswered ? undefined : answer;
  };

  /** Asks until somebody answers other than with a fault. */
  const insist = async (ask: () => Promise<Answer | undefined>): Promise<Answer | undefined> => {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const answer = await ask();
      if (answer !== undefined && answer.status < 500) {
        return answer;
      }
      await timeline.pause(AGAIN_MS);
    }
    return undefined;
  };

  const accept = (label: string, id: string): string => {
    ledger.onAccepted(id);
    idsOf.set(label, (idsOf.get(label) ?? new Set()).add(id));
    return id;
  };

  const behaviourOf = ({ label, workMs = 300, fails = 0, prints = 0, progress = false }: Order): Behaviour => ({
    label,
    workMs,
    fails,
    prints,
    progress,
  });

  return {
    /** @returns the id, if the client was ever told */
    create: async (order: Order): Promise<string | undefined> => {
      const { label, handler = 'send_email', inMs = SOON_MS, maxTries = 3, keyed = false } = order;
      const body = {
        execute_at: new Date(timeline.now() + inMs).toISOString(),
        task_type: handler,
        payload: behaviourOf(order),
        max_attempts: maxTries,
      };
      const counter = asked.get(label) ?? { sent: 0, keyed };
      asked.set(label, counter);
      const headers = keyed ? { 'idempotency-key': label } : {};
      const ask = (): Promise<Answer | undefined> =>
        send('POST /api/v1/tasks', headers, body, () => {
          counter.sent += 1;
        });
      const answer = keyed ? await insist(ask) : await ask();
      const task = answer?.status === 201 ? taskIn(answer.body) : undefined;
      return task === undefined ? undefined : accept(label, String(task.id));
    },

    /** With what API D cannot say: a timeout, a priority. */
    submit: async (order: Order): Promise<string | undefined> => {
      const { label, handler = 'send_email', inMs = 0, maxTries = 3, timeoutMs = 300_000, priority = 5 } = order;
      const payload = JSON.stringify(behaviourOf(order));
      asked.set(label, { sent: 1, keyed: false });
      const ended = await functions.invoke('engine', (engine) =>
        engine.submitRun({
          ...{ handler, pool: 'default', priority, executeAt: timeline.now() + inMs },
          ...{ payload, maxTries, timeoutMs },
        }),
      );
      return ended.kind === 'answered' && ended.answer.kind === 'created'
        ? accept(label, ended.answer.run.id)
        : undefined;
    },

    /** Once, answered or not. */
    askToCancel: (id: string): Promise<Answer | undefined> => send(`DELETE /api/v1/tasks/${id}`, {}),
    cancel: async (id: string): Promise<void> => {
      await insist(() => send(`DELETE /api/v1/tasks/${id}`, {}));
    },
    get: (id: string): Promise<Answer | undefined> => send(`GET /api/v1/tasks/${id}`, {}),
    list: (query: string): Promise<Answer | undefined> => send(`GET /api/v1/tasks?${query}`, {}),
    idsOf: (label: string): ReadonlySet<string> => idsOf.get(label) ?? new Set(),
    asked: (): ReadonlyMap<string, { readonly sent: number; readonly keyed: boolean }> => asked,
  };
};
export type Client = ReturnType<typeof createClient>;
