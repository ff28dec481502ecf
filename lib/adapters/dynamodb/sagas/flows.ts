import type { FlowStore } from '../../../application/ports/index.ts';
import type { FlowRow, FlowVersion } from '../../../domain/flow/flow.ts';
import { runOrder } from '../../../domain/ids.ts';
import { type Actions, addItem } from '../actions.ts';
import type { Table } from '../client.ts';
import type { Item } from '../conditional.ts';
import { LISTS } from '../definition-indexes.ts';
import type { Naming } from '../fleet/named-params.ts';
import { createNamedStore } from '../fleet/named-store.ts';
import { isKey } from '../key-limits.ts';
import { readRow } from '../read.ts';
import { FLOW_COUNT, flowKey, flowNameKey, flowVersionKey } from './keys.ts';

const FLOWS: Naming<FlowRow> = {
  keyOf: flowKey,
  nameKey: flowNameKey,
  nameOf: ({ name }) => name,
  placeOf: ({ id }) => runOrder(id),
  lists: { living: LISTS.flows },
  count: FLOW_COUNT,
};

const asTaken = <T extends string>(answer: T | 'taken'): T | 'name_taken' =>
  answer === 'taken' ? 'name_taken' : answer;

const decodeVersion = (item: Item | undefined): FlowVersion | undefined => {
  if (item === undefined) {
    return undefined;
  }
  const { pk: _pk, sk: _sk, ...version } = item;
  return version as FlowVersion;
};

/** @param makeOp a fresh token for each call (rule W1) */
export const createFlowStore = (definitions: Table, makeOp: () => string): FlowStore => {
  const { create, write, list, get, count } = createNamedStore(definitions, FLOWS, makeOp);
  const withVersion = (version: FlowVersion): Actions => ({
    version: addItem(definitions.name, { ...version, ...flowVersionKey(version.flow, version.version) }),
  });
  return {
    get,
    count,
    create: async (flow, version) => asTaken(await create(flow, withVersion(version))),
    getVersion: async (flow, version) => {
      const key = flowVersionKey(flow, version);
      return isKey(key) ? decodeVersion(await readRow(definitions, key)) : undefined;
    },
    write: async (before, after, definition) =>
      asTaken(await write(before, after, definition && withVersion(definition))),
    list: (query) => list({ ...query, deleted: false, descending: true }),
  };
};
