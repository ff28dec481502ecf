import type { Run } from '../../domain/run.ts';
import type { DataStore, JobStore } from '../ports/index.ts';

/** JSON text; absent when what lay beside the row has expired. */
export type PayloadOf = (run: Run) => Promise<string | undefined>;

/** What an instance keeps of specifications, in characters: the thousand that fire most often, at some kilobytes each. */
const KEPT_CHARS = 8_000_000;

/** The texts that were asked for last; the others have to be read again. */
const createCache = () => {
  const kept = new Map<string, string>();
  let chars = 0;
  return {
    find: (key: string): string | undefined => {
      const text = kept.get(key);
      if (text !== undefined) {
        // A map keeps the order of insertion: the first is the one that was not asked for the longest.
        kept.delete(key);
        kept.set(key, text);
      }
      return text;
    },
    keep: (key: string, text: string): void => {
      chars += text.length - (kept.get(key)?.length ?? 0);
      kept.delete(key);
      kept.set(key, text);
      for (const [oldest, { length }] of kept) {
        if (chars <= KEPT_CHARS) {
          return;
        }
        kept.delete(oldest);
        chars -= length;
      }
    },
  };
};

/**
 * Finds the payload of a run: on its row, with the version of its job's specification (which never changes, so an
 * instance keeps it), or beside the row.
 */
export const createPayloadOf = ({
  data,
  jobs,
}: {
  readonly data: Pick<DataStore, 'getPayload'>;
  readonly jobs: Pick<JobStore, 'getSpec'>;
}): PayloadOf => {
  const specs = createCache();
  return async ({ id, payload, job, spec }) => {
    if (payload !== undefined) {
      return payload;
    }
    if (job === undefined || spec === undefined) {
      return data.getPayload(id);
    }
    const key = `${job}.${spec}`;
    const kept = specs.find(key);
    if (kept !== undefined) {
      return kept;
    }
    const found = (await jobs.getSpec(job, spec))?.payload;
    if (found !== undefined) {
      specs.keep(key, found);
    }
    return found;
  };
};
