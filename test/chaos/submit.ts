/** Tasks for a chaos run: many, due in the same second, some of them with their alarm delivered twice. */
import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { encodeAlarm } from '../../lib/contracts/alarm-message.ts';
import type { TaskClient } from '../../lib/local/demo/task-client.ts';
import type { LocalStack } from '../../lib/local/stack.ts';

/** Long enough that the slots fill up, whatever the machine dispatches in a second. */
const SHORTEST_MS = 400;
const LONGEST_MS = 1_900;
/** Requests at a time. */
const SUBMITTERS = 12;
/** Tasks of the trial that tells how long a submission takes on this machine. */
const TRIALS = 60;
const SQS_BATCH = 10;

/** Creates tasks side by side, over connections that are kept. */
const createTasks = async (
  client: TaskClient,
  type: string,
  count: number,
  executeAt: number,
): Promise<readonly number[]> => {
  const ids: number[] = [];
  let left = count;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const ms = Math.floor(SHORTEST_MS + Math.random() * (LONGEST_MS - SHORTEST_MS));
      ids.push((await client.create({ executeAt, type, payload: { ms } })).id);
    }
  };
  await Promise.all(Array.from({ length: SUBMITTERS }, work));
  return ids;
};

/** A full second that lies behind the last of so many submissions, with a margin. The trial's tasks are cancelled. */
export const chooseDueSecond = async (client: TaskClient, type: string, count: number): Promise<number> => {
  const inAnHour = Date.now() + 3_600_000;
  // The first ones also pay for what is done only once.
  const cold = await createTasks(client, type, TRIALS, inAnHour);
  const beganAt = Date.now();
  const warm = await createTasks(client, type, TRIALS, inAnHour);
  const eachMs = (Date.now() - beganAt) / TRIALS;
  await Promise.all([...cold, ...warm].map((id) => client.cancel(id)));
  return Math.ceil((Date.now() + 10_000 + 2 * count * eachMs) / 1_000) * 1_000;
};

export const submitTasks = createTasks;

/** Sends a second copy of these tasks' alarms, as SQS may. */
export const doubleAlarms = async (stack: LocalStack, ids: readonly number[], dueAt: number): Promise<void> => {
  const { aws } = stack;
  const QueueUrl = Object.entries(aws?.queueUrls ?? {}).find(([id]) => id.startsWith('Alarms'))?.[1];
  if (!aws || QueueUrl === undefined) {
    throw new Error('There is no queue of alarms');
  }
  const client = new SQSClient({ endpoint: aws.sqs, region: aws.region, credentials: aws.credentials });
  const DelaySeconds = Math.max(0, Math.floor((dueAt - Date.now()) / 1_000) - 2);
  for (let at = 0; at < ids.length; at += SQS_BATCH) {
    const Entries = ids.slice(at, at + SQS_BATCH).map((id) => ({
      ...{ Id: String(id), DelaySeconds },
      MessageBody: encodeAlarm({
        key: { kind: 'run', id: String(id) },
        ...{ g: 1, dueAt, hop: 0, armedAt: Date.now(), nonce: 'a second copy' },
      }),
    }));
    await client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
  }
  client.destroy();
};
