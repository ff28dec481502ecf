import type { Engine } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import type { ViewRun } from './view-run.ts';

/** Changes what a person may change of a run at any time: an output noted by hand, what a client keeps with it, hiding it. */
export const createNoteRun =
  ({ runs, now }: Pick<Ports, 'runs' | 'now'>, viewRun: ViewRun): Engine['noteRun'] =>
  async (id, note) => {
    const run = await runs.get(id, 'consistent');
    const noted = run === undefined || run.hidden ? undefined : await runs.note(id, note, now());
    return noted === undefined ? undefined : viewRun(noted);
  };
