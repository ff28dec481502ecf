import type { FlowStore } from '../../../application/ports/index.ts';
import type { FlowRow, FlowVersion } from '../../../domain/flow/flow.ts';
import { createNamedRows } from '../fleet/named-rows.ts';

/** Digits of 2^53 − 1: padded numbers sort as numbers do. */
const ID_DIGITS = 16;
const versionKey = (flow: string, version: number): string => JSON.stringify([flow, version]);
const asTaken = <T extends string>(answer: T | 'taken'): T | 'name_taken' =>
  answer === 'taken' ? 'name_taken' : answer;

export const createMemoryFlowStore = (): FlowStore => {
  const rows = createNamedRows<FlowRow>(
    ({ name }) => name,
    ({ id }) => id.padStart(ID_DIGITS, '0'),
  );
  const versions = new Map<string, FlowVersion>();
  const keep = (version: FlowVersion): void => {
    versions.set(versionKey(version.flow, version.version), version);
  };
  return {
    create: async (flow, version) => {
      const answer = rows.create(flow);
      if (answer === 'created') {
        keep(version);
      }
      return asTaken(answer);
    },
    get: async (id) => rows.get(id),
    getVersion: async (flow, version) => versions.get(versionKey(flow, version)),
    write: async (before, after, definition) => {
      const answer = rows.write(before, after);
      if (answer === 'done' && definition !== undefined) {
        keep(definition);
      }
      return asTaken(answer);
    },
    list: async (query) => rows.list({ ...query, deleted: false, descending: true }),
    count: async () => rows.count(),
  };
};
