import { describe, expect, it } from 'vitest';
import { encodeRun } from '../../lib/adapters/dynamodb/run-codec.ts';
import { encodeSession } from '../../lib/adapters/dynamodb/session-params.ts';
import { makeRunId } from '../../lib/domain/ids.ts';
import type { Run, RunChange } from '../../lib/domain/run.ts';
import { endBadly, submitDue, submitWaiting, succeed } from '../../lib/domain/run-decisions.ts';
import { attributeBytes, itemBytes } from '../support/item-size.ts';
import { aGrant, aRequest, aSession } from '../support/rows.ts';

/** What one write unit buys, and one consistent read unit four times. */
const WRITE_UNIT_BYTES = 1_024;
/** 64 bits in base64url, as the composition makes them (rule W1). */
const OP = 'A'.repeat(11);
/** An instant with no round numbers in it: those weigh less. */
const NOW = 1_893_456_123_457;
/** A random UUID, as the worker library names its sessions. */
const SESSION_ID = '0f8fad5b-d9cb-469f-a165-70867728950e';
const END = { now: NOW + 1_234, retentionMs: 30 * 86_400_000 };

const request = aRequest({
  id: makeRunId(NOW, 0.123),
  handler: 'h'.repeat(20),
  executeAt: NOW,
  payload: JSON.stringify('p'.repeat(398)),
  payloadBytes: 400,
});
const grant = aGrant({ session: { pool: 'default', shard: 0, id: SESSION_ID }, worker: 'worker-host-01', seq: 12_345 });
const applied = (run: Run, { set, clear }: RunChange): Run => {
  const kept = Object.entries(run).filter(([field]) => !clear.some((cleared) => cleared === field));
  return { ...(Object.fromEntries(kept) as Run), ...set };
};

const outcome = { startedAt: NOW + 17, durationMs: 1_217.5, exitCode: 0 };
const LOG = { log: 'l'.repeat(80) };
const dispatched = submitDue(request, grant, NOW);
const rows: Record<string, Run> = {
  dispatched,
  ready: submitWaiting(request, 3, NOW),
  succeeded: applied(dispatched, succeed(dispatched, { outcome: 'succeeded', ...outcome }, LOG, END).change),
  failed: applied(
    { ...dispatched, maxTries: 1 },
    endBadly(
      { ...dispatched, maxTries: 1 },
      { outcome: 'failed', reason: 'handler_failed', ...outcome, exitCode: 1 },
      { ...LOG, error: 'e'.repeat(60) },
      END,
      0,
    ).change,
  ),
};

describe('the row of a plain run', () => {
  it.each(Object.keys(rows))('with 400 bytes of payload and one line of log costs one write unit: %s', (name) => {
    const item = { ...encodeRun(rows[name] ?? dispatched), op: OP, born: OP };
    const heaviest = attributeBytes(item).toSorted(([, a], [, b]) => b - a);
    expect(itemBytes(item), JSON.stringify(heaviest)).toBeLessThan(WRITE_UNIT_BYTES);
  });
});

describe('the row of a session', () => {
  it('with ten slots in use costs one write unit', () => {
    const list = Array.from({ length: 10 }, (_, index) => `${makeRunId(NOW + index, 0.5)}:1`);
    const session = aSession({
      id: SESSION_ID,
      // As API Gateway names its connections.
      conn: 'L0SM9cOFvHcCIhw=',
      handlers: ['shell', 'http', 'http_callback', 'python', 'send_email'],
      ...{ list, q: 12_345, limit: 12_355, seen: 12_345, rep: 23_456, hbAt: NOW, takeAt: NOW, createdAt: NOW },
    });
    expect(itemBytes({ ...encodeSession(session), op: OP })).toBeLessThan(WRITE_UNIT_BYTES);
  });
});
