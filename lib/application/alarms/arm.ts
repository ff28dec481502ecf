import type { Alarm, EntityKey } from '../../domain/alarm.ts';
import type { Ports } from '../ports/index.ts';

/**
 * Makes an alarm durable (rule A1). To be awaited before the write that needs it, which must follow within 30 s (W2).
 * @returns the nonce that the row's creation has to name (rule A5)
 */
export const arm = async (
  { alarms, now, token }: Pick<Ports, 'alarms' | 'now' | 'token'>,
  key: EntityKey,
  g: number,
  dueAt: number,
): Promise<string> => {
  const nonce = token();
  await alarms.send({ key, g, dueAt, hop: 0, armedAt: now(), nonce });
  return nonce;
};

/** The same alarm once more, later. It is deleted only after this succeeded. */
export const sendOn = ({ alarms }: Pick<Ports, 'alarms'>, alarm: Alarm, dueAt: number): Promise<void> =>
  alarms.send({ ...alarm, dueAt, hop: alarm.hop + 1 });
