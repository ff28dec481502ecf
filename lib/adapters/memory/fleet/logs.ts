import type { LogHead, LogStore } from '../../../application/ports/index.ts';
import { planAppend, planReplace, type Stretch, textFrom } from '../../log-text.ts';

type Log = { readonly head: LogHead; readonly stretches: readonly Stretch[] };

const newestFirst = (a: Pick<LogHead, 'run' | 'createdAt'>, b: Pick<LogHead, 'run' | 'createdAt'>): number =>
  b.createdAt - a.createdAt || (a.run < b.run ? 1 : a.run > b.run ? -1 : 0);

/** The logs in this process: the twin of the DynamoDB adapter. */
export const createMemoryLogStore = (): LogStore => {
  const logs = new Map<string, Log>();
  return {
    append: async (run, text, as) => {
      const log = logs.get(run);
      const planned = planAppend(run, log?.head, text, as);
      if (planned === undefined) {
        return log?.head ?? Promise.reject(new Error(`The log of run ${run} is neither there nor made`));
      }
      const { head, added } = planned;
      const stretches = [
        ...(log?.stretches ?? []),
        ...(added.length === 0 ? [] : [{ at: head.size - added.length, bytes: added }]),
      ];
      logs.set(run, { head, stretches });
      return head;
    },
    head: async (run) => logs.get(run)?.head,
    read: async (run, from, bytes) => {
      const { stretches = [] } = logs.get(run) ?? {};
      const end = from + bytes;
      return textFrom(
        stretches.filter(({ at, bytes: own }) => at + own.length > from && at < Math.max(end, from + 1)),
        from,
        bytes,
      );
    },
    replace: async (run, text, as) => {
      const { head, added } = planReplace(run, logs.get(run)?.head, text, as);
      logs.set(run, { head, stretches: added.length === 0 ? [] : [{ at: 0, bytes: added }] });
      return head;
    },
    remove: async (run) => logs.delete(run),
    list: async ({ before, limit }) =>
      [...logs.values()]
        .map(({ head }) => head)
        .filter((head) => before === undefined || newestFirst(before, head) < 0)
        .sort(newestFirst)
        .slice(0, limit),
  };
};
