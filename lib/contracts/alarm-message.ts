/** An alarm as it travels: the body of an SQS message, and the input of a one-time schedule that sends one. */
import * as z from 'zod';
import type { Alarm } from '../domain/alarm.ts';
import { nameSchema } from './frames.ts';

const entityKey = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('run'), id: z.string().min(1).max(128) }),
  z.object({ kind: z.literal('session'), pool: nameSchema, shard: z.int().min(0), id: nameSchema }),
  z.object({ kind: z.literal('job'), id: z.string().min(1).max(16), n: z.int().min(0) }),
  z.object({ kind: z.literal('backfill'), job: z.string().min(1).max(16), id: z.string().min(1).max(16) }),
  z.object({ kind: z.literal('saga'), id: z.string().min(1).max(16) }),
]);

export const alarmMessage = z.object({
  key: entityKey,
  g: z.int().min(1),
  dueAt: z.number(),
  hop: z.int().min(0),
  armedAt: z.number(),
  nonce: z.string().min(1),
});

export const encodeAlarm = (alarm: Alarm): string => JSON.stringify(alarm);

/** @throws ZodError or SyntaxError on what is no alarm: such a message is poison and belongs in the DLQ */
export const decodeAlarm = (body: string): Alarm => alarmMessage.parse(JSON.parse(body));
