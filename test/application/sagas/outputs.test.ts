import { describe, expect, it } from 'vitest';
import { createReadOutputs, toChildOutput } from '../../../lib/application/sagas/outputs.ts';
import type { Flow } from '../../../lib/domain/flow/flow.ts';
import type { Run } from '../../../lib/domain/run.ts';
import { newSaga } from '../../../lib/domain/saga/new-saga.ts';
import type { Saga } from '../../../lib/domain/saga/saga.ts';
import { createWorld } from '../../support/engine-world.ts';
import { NOW, runIn } from '../../support/rows.ts';

const aFlow = (ids: readonly string[]): Flow => ({
  ...{ id: '1', version: 1, name: 'flow', twoPersons: false },
  steps: ids.map((id) => ({
    ...{ id, taskName: id, description: id, dependsOn: [], pivot: false, type: 'worker', config: {}, timeoutMs: 1_000 },
    retry: { strategy: 'manual', maxAttempts: 1, intervalMs: 0, backoff: 1 },
  })),
});

describe('the outputs of steps', () => {
  const saga: Saga = {
    ...newSaga({ no: '7', instance: 'order_001', flow: aFlow(['a']), fingerprint: '', depth: 0, now: NOW }),
    steps: {
      a: { status: 'succeeded', runs: 2 },
      text: { status: 'succeeded', runs: 1 },
      given: { status: 'waived', runs: 1, output: '{"by":"hand"}' },
      none: { status: 'skipped', runs: 0 },
    },
  };
  const ended = (id: string, output: string): Run => runIn('succeeded', { id, output });

  it('are those of the newest runs, or a person’s; a reading that lags is done again', async () => {
    const rows = new Map([
      ['7~a~1', ended('7~a~1', '"old"')],
      ['7~a~2', ended('7~a~2', '{"x":1}')],
      ['7~text~1', ended('7~text~1', 'no JSON')],
    ]);
    const { runs } = createWorld().ports;
    const read = createReadOutputs(
      {
        runs: {
          ...runs,
          getMany: async (ids) =>
            ids.flatMap((id) => (id === '7~a~2' ? [{ ...ended(id, ''), status: 'running' as const }] : [])),
          get: async (id, reading) => (reading === 'consistent' ? rows.get(id) : undefined),
        },
      },
      async ({ output }) => output,
    );
    expect(await read(saga, ['a', 'text', 'given', 'none'], new Map())).toEqual({
      ...{ a: { x: 1 }, text: 'no JSON', given: { by: 'hand' }, none: null },
    });
  });

  it('go to the transaction above as far as they fit', () => {
    const long = 'x'.repeat(60_000);
    const output = toChildOutput(aFlow(['a', 'b', 'c']), { c: 1, a: long, b: long });
    expect(JSON.parse(output)).toEqual({ a: long, c: 1 });
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(64 * 1024);
  });
});
