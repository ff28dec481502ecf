import { describe, expect, it } from 'vitest';
import { createMemoryDataStore } from '../../../lib/adapters/memory/side-stores.ts';
import type { JobStore } from '../../../lib/application/ports/index.ts';
import { createPayloadOf } from '../../../lib/application/runs/payload-of.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { NOW, runIn } from '../../support/rows.ts';

const without = ({ payload: _inline, ...run }: Run): Run => run;
const ofJob = (spec: number, job = '42'): Run => without(runIn('ready', { id: `${job}.${NOW}`, job, spec }));

/** Specifications by `<job>.<version>`, and what was read of them. */
const world = (specs: Readonly<Record<string, string>>) => {
  const reads: string[] = [];
  const data = createMemoryDataStore();
  const getSpec: JobStore['getSpec'] = async (job, version) => {
    const key = `${job}.${version}`;
    reads.push(key);
    const payload = specs[key];
    return payload === undefined
      ? undefined
      : {
          ...{ handler: 'shell', payload, pool: 'default', priority: 5, maxTries: 1, timeoutMs: 1 },
          strategy: 'least_loaded',
        };
  };
  return { reads, data, payloadOf: createPayloadOf({ data, jobs: { getSpec } }) };
};

describe('the payload of a run', () => {
  it('is on its row, beside it, or with its version of the job', async () => {
    const { data, payloadOf, reads } = world({ '42.1': '"first"', '42.2': '"second"' });
    const beside = without(runIn('ready', { id: '16' }));
    await data.putPayload('16', '"beside"', NOW);
    expect(await payloadOf(runIn('ready', { payload: '"inline"' }))).toBe('"inline"');
    expect(await payloadOf(beside)).toBe('"beside"');
    expect(await payloadOf(ofJob(1))).toBe('"first"');
    expect(await payloadOf(ofJob(2))).toBe('"second"');
    expect(reads).toEqual(['42.1', '42.2']);
  });

  it('is unknown when it has expired', async () => {
    const { payloadOf } = world({});
    expect(await payloadOf(ofJob(7))).toBeUndefined();
    expect(await payloadOf(without(runIn('ready', { id: '17' })))).toBeUndefined();
  });

  it('of a version is read once: it never changes', async () => {
    const { payloadOf, reads } = world({ '42.1': 'null', '43.1': '1' });
    for (let times = 0; times < 3; times += 1) {
      expect(await payloadOf(ofJob(1))).toBe('null');
      expect(await payloadOf(ofJob(1, '43'))).toBe('1');
    }
    expect(reads).toEqual(['42.1', '43.1']);
    // What is not there yet may come.
    await payloadOf(ofJob(9));
    await payloadOf(ofJob(9));
    expect(reads.slice(2)).toEqual(['42.9', '42.9']);
  });

  it('is forgotten when others took its room, the one first that was not asked for the longest', async () => {
    const big = JSON.stringify('x'.repeat(2_500_000));
    const { payloadOf, reads } = world({ '42.1': big, '42.2': big, '42.3': big, '42.4': big });
    for (const spec of [1, 2, 3, 1, 4]) {
      expect(await payloadOf(ofJob(spec))).toBe(big);
    }
    reads.length = 0;
    for (const spec of [1, 3, 4, 2]) {
      await payloadOf(ofJob(spec));
    }
    expect(reads).toEqual(['42.2']);
  });
});
