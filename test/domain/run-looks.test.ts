import { describe, expect, it } from 'vitest';
import { lookForEvidence, lookInFlight } from '../../lib/domain/run-decisions.ts';
import { aSession, NOW, runIn } from '../support/rows.ts';

const MINUTE_MS = 60_000;
const run = runIn('dispatched', { timeoutMs: 60 * MINUTE_MS });
const held = [`${run.id}:1`];
const at = (afterMs: number): number => NOW + afterMs;

describe('the alarm of a run in flight (R3)', () => {
  it.each<[string, Parameters<typeof lookInFlight>, ReturnType<typeof lookInFlight>]>([
    [
      'the worker lists it: look again in 15 min',
      [run, aSession({ list: held, hbAt: at(15_000) }), at(20_000)],
      { do: 'wait', lookAt: at(20_000 + 15 * MINUTE_MS) },
    ],
    [
      'listed, the deadline nearer: look then',
      [{ ...run, timeoutMs: 30_000 }, aSession({ list: held, hbAt: at(15_000) }), at(20_000)],
      { do: 'wait', lookAt: at(45_000) },
    ],
    [
      'a heartbeat 5 s after the dispatch does not list it: push again',
      [run, aSession({ hbAt: at(5_000) }), at(20_000)],
      { do: 'redeliver', lookAt: at(40_000) },
    ],
    [
      'the heartbeat is too early to tell: wait',
      [run, aSession({ hbAt: at(4_999) }), at(20_000)],
      { do: 'wait', lookAt: at(40_000) },
    ],
    [
      'another attempt is listed, not this one: push again',
      [{ ...run, attempt: 2 }, aSession({ list: held, hbAt: at(10_000) }), at(20_000)],
      { do: 'redeliver', lookAt: at(40_000) },
    ],
    ['the session is lost', [run, aSession({ st: 'lost', list: held, hbAt: at(10_000) }), at(20_000)], { do: 'lose' }],
    ['the session is closed', [run, aSession({ st: 'closed', hbAt: at(10_000) }), at(20_000)], { do: 'lose' }],
    ['the session is gone altogether', [run, undefined, at(20_000)], { do: 'lose' }],
    [
      'the worker had 15 s to kill and report it, and did not',
      [run, aSession({ list: held }), at(60 * MINUTE_MS + 15_000)],
      { do: 'time_out' },
    ],
    [
      'a millisecond before, it is still the worker’s',
      [run, aSession({ list: held }), at(60 * MINUTE_MS + 14_999)],
      { do: 'wait', lookAt: at(60 * MINUTE_MS + 15_000) },
    ],
    [
      'a lost push of a run that has only seconds: pushed again before it is called out of time',
      [{ ...run, timeoutMs: 1_000 }, aSession({ hbAt: at(15_000) }), at(20_000)],
      { do: 'redeliver', lookAt: at(40_000) },
    ],
    ['and only once', [{ ...run, timeoutMs: 1_000 }, aSession({ hbAt: at(30_000) }), at(40_000)], { do: 'time_out' }],
    [
      'gone before that one more push: lost, for its time was not up',
      [{ ...run, timeoutMs: 1_000 }, undefined, at(20_000)],
      { do: 'lose' },
    ],
    ['out of time and lost: out of time', [run, undefined, at(60 * MINUTE_MS + 15_000)], { do: 'time_out' }],
  ])('%s', (_case, given, expected) => {
    expect(lookInFlight(...given)).toEqual(expected);
  });
});

describe('the alarm of a cancelled run without evidence (R7)', () => {
  const cancelled = runIn('cancelled', { endedAt: NOW });

  it('asks the worker again four times, 20 s apart, and then gives up: five with the cancel itself', () => {
    const looks = [20_000, 40_000, 60_000, 80_000, 100_000].map((afterMs) =>
      lookForEvidence(cancelled, aSession(), at(afterMs)),
    );
    expect(looks).toEqual([
      { do: 'ask_again', lookAt: at(40_000) },
      { do: 'ask_again', lookAt: at(60_000) },
      { do: 'ask_again', lookAt: at(80_000) },
      { do: 'ask_again', lookAt: at(100_000) },
      { do: 'abandon' },
    ]);
  });

  it.each([
    ['lost', aSession({ st: 'lost' })],
    ['closed', aSession({ st: 'closed' })],
    ['gone', undefined],
  ])('gives up at once when the session is %s: nobody can prove it any more', (_case, session) => {
    expect(lookForEvidence(cancelled, session, at(20_000))).toEqual({ do: 'abandon' });
  });
});
