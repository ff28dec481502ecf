/**
 * The state of a step in a few characters, because a row has it for each step, and one write unit buys 1 KB: a letter and
 * the number of runs; `?` where its effects are not known; and behind a slash the same of its undo, where there was one.
 * `s1` has succeeded in its first run, `f2?` has failed in its second and may have had effects, `s1/r1` is being undone.
 * What a few steps have in addition makes the state an item of its own.
 */
import type { StepState, StepStatus, UndoStatus } from '../../../domain/saga/saga.ts';
import type { Item } from '../conditional.ts';

const STEP_LETTERS: Readonly<Record<StepStatus, string>> = {
  pending: 'p',
  running: 'r',
  succeeded: 's',
  failed: 'f',
  skipped: 'k',
  waived: 'w',
  cancelled: 'c',
};
const UNDO_LETTERS: Readonly<Record<UndoStatus | 'none', string>> = {
  none: '-',
  running: 'r',
  succeeded: 's',
  failed: 'f',
  given_up: 'g',
};

const inverse = <K extends string>(letters: Readonly<Record<K, string>>): ReadonlyMap<string, K> =>
  new Map((Object.entries(letters) as [K, string][]).map(([word, letter]) => [letter, word]));
const STEP_WORDS = inverse(STEP_LETTERS);
const UNDO_WORDS = inverse(UNDO_LETTERS);

const STATE = /^([a-z])(\d+)(\?)?(?:\/([a-z-])(\d*))?$/;

export const encodeStep = ({ status, runs, unknown, undo, undoRuns, ...more }: StepState): string | Item => {
  const undone =
    undo === undefined && undoRuns === undefined ? '' : `/${UNDO_LETTERS[undo ?? 'none']}${undoRuns ?? ''}`;
  const state = `${STEP_LETTERS[status]}${runs}${unknown ? '?' : ''}${undone}`;
  return Object.keys(more).length === 0 ? state : { ...more, state };
};

export const decodeStep = (stored: unknown): StepState => {
  const { state, ...more } = typeof stored === 'string' ? { state: stored } : (stored as Item);
  const [, letter = '', runs, unknown, undoLetter = '', undoRuns] = STATE.exec(String(state)) ?? [];
  const [status, undo] = [STEP_WORDS.get(letter), UNDO_WORDS.get(undoLetter)];
  if (status === undefined || (undo === undefined && undoLetter !== '')) {
    throw new Error(`A step is stored as ${JSON.stringify(state)}, which is no state that this version knows`);
  }
  return {
    ...more,
    status,
    runs: Number(runs),
    ...(unknown === undefined ? {} : { unknown: true }),
    ...(undo === undefined || undo === 'none' ? {} : { undo }),
    ...(undoRuns === undefined || undoRuns === '' ? {} : { undoRuns: Number(undoRuns) }),
  };
};
