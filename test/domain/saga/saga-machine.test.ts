import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { advance } from '../../../lib/domain/saga/advance.ts';
import { command } from '../../../lib/domain/saga/command.ts';
import { isSagaEnded, stepOf } from '../../../lib/domain/saga/saga.ts';
import { problemsOf } from './saga-history.ts';
import { take, type Walk, walks } from './saga-walk.ts';
import { allOutputs, openExceptions, type Watch } from './saga-world.ts';

const always = (arbitrary: fc.Arbitrary<Walk>, check: (walk: Walk) => void): Promise<void> =>
  fc.assert(
    fc.asyncProperty(arbitrary, async (walk) => check(walk)),
    { numRuns: 150 },
  );

const ALL = { crashes: true, people: true } as const;

describe('whatever happens to a saga', () => {
  it('it ends, or waits for a person who knows of it', () =>
    always(walks(ALL), (walk) => {
      const world = take(walk);
      const handled = [...world.exceptions.values()].some(({ handled }) => handled?.as === 'handled');
      const { saga } = world;
      expect(isSagaEnded(saga) || saga.status === 'failed', saga.status).toBe(true);
      expect(isSagaEnded(saga) || openExceptions(world).length > 0 || handled).toBe(true);
    }));

  it('it ends by itself, or fails with an open exception, where no person meddles', () =>
    always(walks({ crashes: true, people: false }), (walk) => {
      const world = take(walk);
      expect(isSagaEnded(world.saga) || (world.saga.status === 'failed' && openExceptions(world).length > 0)).toBe(
        true,
      );
    }));

  it('what is executed is a valid history', () =>
    always(walks(ALL), (walk) => {
      const world = take(walk);
      expect(problemsOf(walk.flow, world.events)).toEqual([]);
    }));

  it('nothing is left open once it has ended, and each step names the exceptions that are', () =>
    always(walks(ALL), (walk) => {
      const world = take(walk);
      const named = walk.flow.steps.flatMap(({ id }) => {
        const { exception, undoException } = stepOf(world.saga, id);
        return [exception, undoException].filter((each) => each !== undefined);
      });
      expect(named.toSorted()).toEqual(
        openExceptions(world)
          .map(({ id }) => id)
          .toSorted(),
      );
      expect(isSagaEnded(world.saga) ? named : []).toEqual([]);
    }));

  it('a decision decided again on its own result changes nothing, and starts only what is missing', () => {
    const watch: Watch = (view, { next }) => {
      const again = advance({ ...view, saga: next });
      expect(again.next).toBe(next);
      expect(again.exceptions).toEqual([]);
      expect(again.starts.filter(({ run }) => view.runs.has(run) || !view.complete)).toEqual([]);
      expect(again.cancels.filter((run) => !view.runs.has(run) && !view.complete)).toEqual([]);
    };
    return always(walks(ALL), (walk) => {
      take(walk, watch);
    });
  });

  it('nothing begins and is stopped in one decision', () => {
    const watch: Watch = ({ saga }, { starts, cancels }) => {
      const marks = starts.filter(({ run }) => cancels.includes(run));
      // A run that is to be stopped before it was created is created as one that nobody executes.
      expect(marks.filter(({ waitsUntil }) => waitsUntil === undefined)).toEqual([]);
      expect(isSagaEnded(saga) ? starts : []).toEqual([]);
    };
    return always(walks(ALL), (walk) => {
      take(walk, watch);
    });
  });

  it('a decision looks at no other outputs than it says', () => {
    const watch: Watch = (view, decision, word) => {
      // The same draws again: ids of exceptions are not what is compared.
      const all = { ...view, outputs: allOutputs(view.flow), drawId: () => '1' };
      const some = { ...view, drawId: () => '1' };
      const decide = (of: typeof all) => (word === undefined ? advance(of) : command(of, word));
      expect(decide(some)).toEqual(decide(all));
      expect(decision.next.version).toBeGreaterThanOrEqual(view.saga.version);
    };
    return always(walks(ALL), (walk) => {
      take(walk, watch);
    });
  });
});
