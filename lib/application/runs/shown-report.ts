import { MAX_OUTPUT_CHARS } from '../../contracts/limits.ts';
import type { Run } from '../../domain/run.ts';
import type { DataStore, StoredReport } from '../ports/index.ts';

/** What stands for the rest of an output that is longer than a result may carry. */
const CUT = '\n… [the output is longer]';

/** What lies beside a run's row of its last attempt, for people: of an output in pieces the beginning. */
export const createShownReport =
  (data: Pick<DataStore, 'getReport' | 'getOutput'>) =>
  async ({ id, attempt, reportStored }: Run): Promise<Omit<StoredReport, 'outputPieces'>> => {
    const { outputPieces, ...texts } = (reportStored ? await data.getReport(id, attempt) : undefined) ?? {};
    const head = outputPieces === undefined ? undefined : await data.getOutput(id, attempt, 1);
    return head === undefined ? texts : { ...texts, output: `${head.slice(0, MAX_OUTPUT_CHARS)}${CUT}` };
  };
