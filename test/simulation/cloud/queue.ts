/**
 * SQS and its poller: messages appear after their delay, wait up to a second for others, are handed to a function ten at a
 * time, and are deleted when it says so. What it does not say comes again, ten times, and then lies in the dead-letter queue.
 */

import type { ChangeMessageVisibilityCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import { decodeAlarm } from '../../../lib/contracts/alarm-message.ts';
import type { Alarm } from '../../../lib/domain/alarm.ts';
import { queueRecord } from '../../support/lambda-events.ts';
import type { Basics } from '../basics.ts';
import type { Ended } from './ended.ts';

/** As the stack sets them: lib/infrastructure/stacks/messaging-stack.ts and realtime-stack.ts. */
const VISIBILITY_MS = 168_000;
const MAX_RECEIVES = 10;
const BATCH_SIZE = 10;
const BATCH_WINDOW_MS = 1_000;
const MOST_DELAY_SECONDS = 900;
/** How late a delayed message comes at most. */
const LATE_MS = 60_000;

export type QueueClient = {
  readonly send: (command: SendMessageCommand | ChangeMessageVisibilityCommand) => Promise<void>;
};

type Message = {
  readonly id: string;
  readonly body: string;
  readonly alarm: Alarm;
  visibleAt: number;
  receives: number;
};

type Surroundings = Basics & {
  readonly deliver: (records: SQSRecord[]) => Promise<Ended<SQSBatchResponse>>;
};

export const keyText = ({ key, g }: Alarm): string => `${key.kind} ${key.id} g${g}`;

export const createQueue = ({ timeline, chance, faults, ledger, say, deliver }: Surroundings) => {
  const messages = new Map<string, Message>();
  const dead: Alarm[] = [];
  /** By what the alarm watches. */
  const sentFor = new Map<string, number>();
  let sent = 0;
  let polling = false;
  /** Nothing is delivered before. */
  let outageUntil = Number.NEGATIVE_INFINITY;

  const visible = (): Message[] => [...messages.values()].filter(({ visibleAt }) => visibleAt <= timeline.now());

  const appear = (message: Message): void => {
    timeline.at(message.visibleAt, () => {
      if (polling || !messages.has(message.id)) {
        return;
      }
      polling = true;
      timeline.after(Math.floor(chance() * BATCH_WINDOW_MS), () => {
        polling = false;
        poll();
      });
    });
  };

  const remove = (message: Message): void => {
    if (messages.delete(message.id)) {
      ledger.onAlarm(message.alarm, -1);
    }
  };

  const settle = (batch: readonly Message[], ended: Ended<SQSBatchResponse>): void => {
    const failed = new Set(
      ended.kind === 'died'
        ? batch.map(({ id }) => id)
        : ended.answer.batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
    );
    for (const message of batch) {
      if (!failed.has(message.id) && !faults.strike('message_kept')) {
        remove(message);
      }
    }
  };

  const poll = (): void => {
    if (timeline.now() < outageUntil) {
      return;
    }
    const all = visible();
    for (let from = 0; from < all.length; from += BATCH_SIZE) {
      const batch = all.slice(from, from + BATCH_SIZE);
      for (const message of batch) {
        message.visibleAt = timeline.now() + VISIBILITY_MS;
        message.receives += 1;
        if (message.receives > MAX_RECEIVES) {
          messages.delete(message.id);
          dead.push(message.alarm);
          say(() => ['queue', `${keyText(message.alarm)} goes to the dead-letter queue`]);
        } else {
          appear(message);
        }
      }
      const alive = batch.filter(({ id }) => messages.has(id));
      if (alive.length > 0) {
        say(() => ['queue', `delivers ${alive.map(({ alarm }) => keyText(alarm)).join(', ')}`]);
        void deliver(alive.map(({ id, body, receives }) => queueRecord(id, body, receives))).then((ended) =>
          settle(alive, ended),
        );
      }
    }
  };

  const put = (body: string, delayMs: number): void => {
    sent += 1;
    const late = faults.strike('message_delayed') ? Math.ceil(chance() * LATE_MS) : 0;
    const message: Message = {
      id: `m${sent}`,
      body,
      alarm: decodeAlarm(body),
      visibleAt: timeline.now() + delayMs + late,
      receives: 0,
    };
    messages.set(message.id, message);
    const watched = `${message.alarm.key.kind} ${message.alarm.key.id}`;
    sentFor.set(watched, (sentFor.get(watched) ?? 0) + 1);
    ledger.onAlarm(message.alarm, 1);
    appear(message);
  };

  const accept = (body: string, delayMs: number): void => {
    put(body, delayMs);
    if (faults.strike('message_doubled')) {
      put(body, delayMs);
    }
  };

  const client: QueueClient = {
    send: async ({ input }) => {
      if ('MessageBody' in input) {
        const seconds = input.DelaySeconds ?? 0;
        ledger.must(
          Number.isInteger(seconds) && seconds >= 0 && seconds <= MOST_DELAY_SECONDS,
          'no_error',
          () => `SQS takes no DelaySeconds of ${seconds}`,
        );
        accept(input.MessageBody ?? '', seconds * 1_000);
        return;
      }
      const message = messages.get('ReceiptHandle' in input ? (input.ReceiptHandle ?? '') : '');
      if (message !== undefined && 'VisibilityTimeout' in input) {
        message.visibleAt = timeline.now() + (input.VisibilityTimeout ?? 0) * 1_000;
        appear(message);
      }
    },
  };

  return {
    client,
    accept,
    /** A message that EventBridge could not deliver. It still stands for its alarm: a person is told of it. */
    bury: (alarm: Alarm): void => {
      dead.push(alarm);
    },
    /** A person sends what lies in the dead-letter queues once more, as the runbook says. */
    redrive: (): void => {
      for (const alarm of dead.splice(0)) {
        put(JSON.stringify(alarm), 0);
        ledger.onAlarm(alarm, -1);
      }
    },
    /** Functions are not invoked: nothing that falls due is looked at before it is over. */
    breakDown: (ms: number): void => {
      outageUntil = timeline.now() + ms;
      timeline.at(outageUntil, poll);
    },
    size: (): number => messages.size,
    dead: (): readonly Alarm[] => dead,
    sent: (): number => sent,
    /** Messages so far about one row. */
    sentFor: (kind: Alarm['key']['kind'], id: string): number => sentFor.get(`${kind} ${id}`) ?? 0,
  };
};
export type Queue = ReturnType<typeof createQueue>;
