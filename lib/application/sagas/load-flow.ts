import type { Flow } from '../../domain/flow/flow.ts';
import type { Ports } from '../ports/index.ts';
import type { Flows, ReadDefinition } from './api.ts';

export type LoadTools = {
  /** Of a version that was stored: looks for no more than is needed to execute it. */
  readonly readStoredDefinition: (definition: string) => Pick<ReadDefinition, 'definition' | 'problems'>;
};

/** Versions that an instance keeps, and the text they were read from: as objects they take some five times as much. */
const KEPT = 1_000;
const KEPT_CHARS = 4_000_000;

/** Versions never change, so an instance keeps what it has read. Those of deleted flows too: transactions may still need them. */
export const createLoadFlow = ({ flows }: Pick<Ports, 'flows'>, { readStoredDefinition }: LoadTools): Flows['load'] => {
  const kept = new Map<string, { readonly flow: Flow; readonly chars: number }>();
  let keptChars = 0;

  const keep = (key: string, flow: Flow, chars: number): void => {
    if (kept.has(key)) {
      return;
    }
    kept.set(key, { flow, chars });
    keptChars += chars;
    for (const [oldest, { chars: freed }] of kept) {
      if (kept.size <= KEPT && keptChars <= KEPT_CHARS) {
        return;
      }
      kept.delete(oldest);
      keptChars -= freed;
    }
  };

  return async (id, version) => {
    const key = `${id}.${version}`;
    const known = kept.get(key);
    if (known !== undefined) {
      return known.flow;
    }
    const [row, stored] = await Promise.all([flows.get(id), flows.getVersion(id, version)]);
    if (row === undefined || stored === undefined) {
      return undefined;
    }
    const { definition, problems } = readStoredDefinition(stored.definition);
    if (definition === undefined) {
      throw new Error(`Version ${version} of flow ${id} can no longer be read: ${problems.join('; ')}`);
    }
    const flow = { id, version, name: row.name, ...definition };
    keep(key, flow, stored.definition.length);
    return flow;
  };
};
