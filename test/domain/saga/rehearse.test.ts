import { describe, expect, it } from 'vitest';
import { rehearse } from '../../../lib/domain/saga/rehearse.ts';
import { flowOf, step, undo, work } from './flows.ts';

const undoable = { compensate: undo() };

describe('a rehearsal', () => {
  it('plays a failure at every step and every undo', () => {
    const flow = flowOf([
      step('deduct', [], { ...undoable, config: { of: '$.params.none' } }),
      step('ship', ['deduct'], work('no_retry')),
    ]);
    const deducted = {
      executed: ['deduct', 'ship'],
      undone: ['deduct'],
      exceptions: [],
      left: [],
      ends: 'compensated',
    };
    expect(rehearse(flow)).toEqual([
      {
        failures: [],
        executed: ['deduct', 'ship'],
        undone: [],
        exceptions: [],
        left: ['deduct', 'ship'],
        ends: 'succeeded',
      },
      // A person decides: it is `manual`.
      {
        failures: [fails('deduct')],
        executed: ['deduct'],
        undone: [],
        exceptions: ['deduct'],
        left: [],
        ends: 'failed',
      },
      {
        ...{ failures: [fails('deduct')], byPerson: true, executed: ['deduct'], undone: [], exceptions: [], left: [] },
        ends: 'compensated',
      },
      {
        ...{
          failures: [timesOut('deduct')],
          executed: ['deduct'],
          undone: [],
          exceptions: ['deduct'],
          left: ['deduct'],
        },
        ends: 'failed',
      },
      {
        ...{ failures: [timesOut('deduct')], byPerson: true, executed: ['deduct'], undone: ['deduct'], exceptions: [] },
        ...{ left: [], ends: 'compensated' },
      },
      { ...deducted, failures: [fails('ship')] },
      { ...deducted, failures: [timesOut('ship')], left: ['ship'] },
      {
        ...{ failures: [timesOut('ship'), { step: 'deduct', undo: true, as: 'failed' }], executed: ['deduct', 'ship'] },
        ...{ undone: ['deduct'], exceptions: ['deduct', 'ship'], left: ['deduct', 'ship'], ends: 'failed' },
      },
    ]);
  });

  it('shows where there is no way back', () => {
    const flow = flowOf([step('a', [], undoable), step('p', ['a'], { pivot: true }), step('b', ['p'], work('auto'))]);
    const stuck = rehearse(flow).filter(({ failures }) => failures.some((failure) => failure.step === 'b'));
    expect(stuck).toMatchObject([{ ends: 'failed' }, { ends: 'failed' }]);
  });

  it('plays a long flow', () => {
    const steps = Array.from({ length: 50 }, (_, at) =>
      step(`s${at}`, at === 0 ? [] : [`s${at - 1}`], { ...work('auto'), ...undoable }),
    );
    expect(rehearse(flowOf(steps))).toHaveLength(151);
  });
});

const fails = (id: string) => ({ step: id, undo: false, as: 'failed' });
const timesOut = (id: string) => ({ step: id, undo: false, as: 'timed_out' });
