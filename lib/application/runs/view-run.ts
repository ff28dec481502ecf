import type { Run } from '../../domain/run.ts';
import type { RunView } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import type { PayloadOf } from './payload-of.ts';
import { createShownReport } from './shown-report.ts';

/** What stands for a payload whose item has expired before its run did. */
const LOST_PAYLOAD = 'null';

export type ViewRun = (run: Run) => Promise<RunView>;

/** Puts back what lies beside the row. */
export const createViewRun = ({ data }: Pick<Ports, 'data'>, payloadOf: PayloadOf): ViewRun => {
  const shownReport = createShownReport(data);
  return async (run) => {
    const [payload, report] = await Promise.all([payloadOf(run), shownReport(run)]);
    return { ...run, ...report, payload: payload ?? LOST_PAYLOAD };
  };
};
