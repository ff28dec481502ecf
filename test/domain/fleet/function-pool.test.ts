import { describe, expect, it } from 'vitest';
import {
  FUNCTION_RUN_LIMIT_MS,
  lookForFunctionEvidence,
  lookInFunction,
} from '../../../lib/domain/fleet/function-pool.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { NOW, runIn } from '../../support/rows.ts';

const MINUTE_MS = 60_000;
const GRACE_MS = 15_000;
const at = (afterMs: number): number => NOW + afterMs;
const sent = (fields: Partial<Run> = {}): Run => runIn('dispatched', { pool: 'lambda', ...fields });
const begun = (fields: Partial<Run> = {}): Run => runIn('running', { pool: 'lambda', startedAt: NOW, ...fields });

describe('the alarm of a run that a function is to execute (R3)', () => {
  it.each<[string, Run, number, ReturnType<typeof lookInFunction>]>([
    ['not begun: sent again', sent(), at(20_000), { do: 'redeliver', lookAt: at(40_000) }],
    [
      'an alarm that comes at once does not ask for the next one at once',
      sent(),
      at(0),
      { do: 'redeliver', lookAt: at(20_000) },
    ],
    ['still not begun: less and less often', sent(), at(160_000), { do: 'redeliver', lookAt: at(320_000) }],
    [
      'held until its instant: counted from there',
      sent({ dueAt: at(3_000) }),
      at(63_000),
      { do: 'redeliver', lookAt: at(123_000) },
    ],
    [
      'the time that it may take begins when the function does',
      sent({ timeoutMs: 1_000 }),
      at(40_000),
      { do: 'redeliver', lookAt: at(80_000) },
    ],
    [
      'the last wait ends when it is given up',
      sent(),
      at(14 * MINUTE_MS),
      { do: 'redeliver', lookAt: at(15 * MINUTE_MS) },
    ],
    ['taken up by nobody for 15 min', sent({ timeoutMs: 60 * MINUTE_MS }), at(15 * MINUTE_MS), { do: 'time_out' }],
    [
      'begun: left alone until its time and the time to report are over',
      begun({ timeoutMs: 30_000 }),
      at(20_000),
      { do: 'wait', lookAt: at(30_000 + GRACE_MS) },
    ],
    [
      'begun late: its time counts from then',
      begun({ startedAt: at(100_000), timeoutMs: 30_000 }),
      at(120_000),
      { do: 'wait', lookAt: at(130_000 + GRACE_MS) },
    ],
    ['no result by then', begun({ timeoutMs: 30_000 }), at(30_000 + GRACE_MS), { do: 'time_out' }],
    [
      'a time longer than the function has is not waited for',
      begun({ timeoutMs: 30 * 24 * 60 * MINUTE_MS }),
      at(FUNCTION_RUN_LIMIT_MS + GRACE_MS),
      { do: 'time_out' },
    ],
  ])('%s', (_case, run, now, expected) => {
    expect(lookInFunction(run, now)).toEqual(expected);
  });

  it('sends at most eight copies of an order, however long nobody takes it up', () => {
    const run = sent();
    let copies = 0;
    for (let found = lookInFunction(run, at(20_000)); found.do === 'redeliver'; ) {
      copies += 1;
      found = lookInFunction(run, found.lookAt);
    }
    expect(copies).toBeLessThanOrEqual(8);
  });
});

describe('the alarm of a cancelled run without evidence, in the function (R7)', () => {
  const cancelled = (fields: Partial<Run> = {}): Run => runIn('cancelled', { pool: 'lambda', ...fields });

  it('says that it does not execute where it was not begun: nobody can begin it any more', () => {
    expect(lookForFunctionEvidence(cancelled(), at(20_000))).toEqual({ do: 'record', state: 'exited' });
  });

  it('waits for the result of what was begun, and gives up when the function cannot be at it any more', () => {
    const run = cancelled({ startedAt: NOW, timeoutMs: 60 * MINUTE_MS });
    const goneAt = at(FUNCTION_RUN_LIMIT_MS + GRACE_MS);
    expect(lookForFunctionEvidence(run, at(20_000))).toEqual({ do: 'wait', lookAt: goneAt });
    expect(lookForFunctionEvidence(run, goneAt - 1)).toEqual({ do: 'wait', lookAt: goneAt });
    expect(lookForFunctionEvidence(run, goneAt)).toEqual({ do: 'record', state: 'abandoned' });
  });
});
