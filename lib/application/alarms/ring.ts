import { type Alarm, judge, mustBump, WAIT_MS, type Watched } from '../../domain/alarm.ts';
import type { Ports } from '../ports/index.ts';
import { arm, sendOn } from './arm.ts';

/** What acting on a row leaves to its alarm. */
export type Acted =
  /** Look again then, with the same alarm. */
  | { readonly next: 'look'; readonly at: number }
  /** Nothing more: the row is closed, or a younger alarm watches it. */
  | { readonly next: 'none' }
  /** The row changed while we acted: judge it anew. */
  | { readonly next: 'again' };

/** One kind of entity that alarms watch. */
export type Watch<Row> = {
  readonly read: (reading: 'eventual' | 'consistent') => Promise<Row | undefined>;
  readonly watched: (row: Row) => Watched & { readonly fence: number };
  readonly act: (row: Row) => Promise<Acted>;
  readonly fence: (g: number) => Promise<boolean>;
  readonly voidMissing: (nonce: string, expiresAt: number) => Promise<boolean>;
  readonly bump: (g: number, fence: number, nonce: string) => Promise<boolean>;
};

/** A void row outlives every writer that could still hold its nonce (rule A5). */
const VOID_KEPT_MS = 24 * 60 * 60_000;
/** A row that changes under us so often is being looked after by others; the message comes again. */
const ROUNDS = 5;

/**
 * Rule A2, for any entity: read, judge, act, and only then let the message be deleted (by returning). Whatever throws
 * brings the message back.
 */
export const createRing = (ports: Ports): (<Row>(alarm: Alarm, watch: Watch<Row>) => Promise<void>) => {
  const { now, log } = ports;

  /** Sends the alarm on, under a new generation each 8th time (rule A6; armed before the bump, as A1 asks). */
  const later = async <Row>(alarm: Alarm, watch: Watch<Row>, row: Row, at: number): Promise<void> => {
    if (!mustBump(alarm)) {
      await sendOn(ports, alarm, at);
      return;
    }
    const { g, fence } = watch.watched(row);
    const nonce = await arm(ports, alarm.key, g + 1, at);
    if (!(await watch.bump(g, fence, nonce))) {
      // Somebody else moved the row: to a newer generation with its own alarm, or under the same one, still ours.
      await sendOn(ports, { ...alarm, hop: 0 }, at);
    }
  };

  const giveUp = async <Row>(alarm: Alarm, watch: Watch<Row>, row: Row | undefined): Promise<boolean> => {
    log.warn('An alarm waited in vain for its commit: the row is fenced', { key: alarm.key, g: alarm.g });
    return row === undefined ? watch.voidMissing(alarm.nonce, now() + VOID_KEPT_MS) : watch.fence(watch.watched(row).g);
  };

  return async <Row>(alarm: Alarm, watch: Watch<Row>): Promise<void> => {
    for (let round = 0; round < ROUNDS; round += 1) {
      // The first reading may be stale: every drop is monotone and every action conditional (rule A2).
      const row = await watch.read(round === 0 ? 'eventual' : 'consistent');
      const verdict = judge(alarm, row === undefined ? undefined : watch.watched(row), now());
      if (verdict === 'done') {
        return;
      }
      if (verdict === 'wait') {
        await ports.alarms.send({ ...alarm, dueAt: now() + WAIT_MS });
        return;
      }
      if (verdict === 'fence') {
        if (await giveUp(alarm, watch, row)) {
          return;
        }
        continue;
      }
      if (row === undefined) {
        continue;
      }
      if (verdict === 'rearm') {
        await later(alarm, watch, row, watch.watched(row).wakeAt);
        return;
      }
      const acted = await watch.act(row);
      if (acted.next === 'none') {
        return;
      }
      if (acted.next === 'look') {
        await later(alarm, watch, row, acted.at);
        return;
      }
    }
    throw new Error(`The row of ${JSON.stringify(alarm.key)} changed ${ROUNDS} times while its alarm looked at it`);
  };
};
