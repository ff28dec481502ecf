import { describe, expect, it } from 'vitest';
import { createMemoryFlowStore } from '../../../lib/adapters/memory/sagas/flows.ts';
import type { Sums } from '../../../lib/application/ports/index.ts';
import type { FlowView, NewFlow } from '../../../lib/application/sagas/api.ts';
import { createFlows } from '../../../lib/application/sagas/flows.ts';
import { readDefinition, readStoredDefinition } from '../../../lib/contracts/flow-definition.ts';
import type { Flow } from '../../../lib/domain/flow/flow.ts';
import { newSaga } from '../../../lib/domain/saga/new-saga.ts';
import type { Saga } from '../../../lib/domain/saga/saga.ts';
import { NOW } from '../../support/rows.ts';

const textOf = (...ids: readonly string[]): string => JSON.stringify({ tasks: ids.map((id) => ({ id })) });

const someFlow = (fields: Partial<NewFlow> = {}): NewFlow => ({
  ...{ name: 'payment_flow', description: '支付流程', flowType: 'payment', createUser: 'admin' },
  definition: textOf('deduct'),
  ...fields,
});

const NOBODY = { sagas: [] as readonly Saga[], sums: {} as Sums };

const createWorld = (others = NOBODY) => {
  const store = createMemoryFlowStore();
  const clock = { now: NOW };
  let drawn = 0;
  let reads = 0;
  const flows = createFlows(
    {
      flows: {
        ...store,
        getVersion: (...asked) => {
          reads += 1;
          return store.getVersion(...asked);
        },
      },
      sagas: {
        newest: async ({ shard, flow }) => (shard === 3 ? others.sagas.filter((saga) => saga.flow === flow) : []),
      },
      counts: { read: async () => others.sums },
      now: () => clock.now,
      chance: () => {
        drawn += 1;
        return (drawn % 4_096) / 4_096;
      },
    },
    { readDefinition, readStoredDefinition },
  );
  const make = async (fields: Partial<NewFlow> = {}): Promise<FlowView> => {
    const created = await flows.create(someFlow(fields));
    if (created.kind !== 'created') {
      throw new Error(JSON.stringify(created));
    }
    return created.view;
  };
  return { flows, store, clock, make, reads: () => reads };
};

describe('a flow', () => {
  it('is created with its definition as it was sent, active, as version 1', async () => {
    const { flows, make } = createWorld();
    const definition = '{"name":"payment_flow","tasks":[]}';
    const view = await make({ definition });
    expect(view).toEqual({
      flow: {
        ...{ id: view.flow.id, name: 'payment_flow', description: '支付流程', flowType: 'payment' },
        ...{
          createUser: 'admin',
          updatedUser: 'admin',
          active: true,
          latest: 1,
          version: 1,
          createdAt: NOW,
          updatedAt: NOW,
        },
      },
      ...{ shown: 1, definition, warnings: [] },
    });
    expect(await flows.get(view.flow.id)).toEqual(view);
    expect(await flows.load(view.flow.id, 1)).toEqual({
      ...{ id: view.flow.id, version: 1, name: 'payment_flow', steps: [], twoPersons: false },
    });
  });

  it('shows the warnings of the version that is shown', async () => {
    const { flows, make } = createWorld();
    const tasks = [{ id: 'a' }, { id: 'p', depends_on: ['a'], pivot: true }];
    const view = await make({ definition: JSON.stringify({ tasks }) });
    expect(view.warnings).toHaveLength(1);
    expect((await flows.get(view.flow.id))?.warnings).toEqual(view.warnings);
  });

  it('is not created under a name that is taken, nor with a definition that cannot be executed', async () => {
    const { flows, make } = createWorld();
    await make();
    expect(await flows.create(someFlow())).toEqual({ kind: 'name_taken' });
    expect(await flows.create(someFlow({ name: 'other', definition: textOf('a', 'a') }))).toMatchObject({
      ...{ kind: 'invalid', problems: [expect.stringContaining('used twice')] },
    });
    expect((await flows.list({ offset: 0, limit: 10 })).total).toBe(1);
  });

  it.each(['', 'abc123', '7', '../x', 'FLOW#1'])('that there is not is not found: %j', async (id) => {
    const { flows } = createWorld();
    expect(await flows.get(id)).toBeUndefined();
    expect(await flows.change(id, { name: 'x' })).toEqual({ kind: 'not_found' });
    expect(await flows.change(id, { definition: '[' })).toEqual({ kind: 'not_found' });
    expect(await flows.setActive(id, false)).toBeUndefined();
    expect(await flows.remove(id)).toBe('not_found');
    expect(await flows.rehearse(id)).toBeUndefined();
    expect(await flows.load(id, 1)).toBeUndefined();
  });
});

describe('a change', () => {
  it('of the definition makes a further version; the others stay', async () => {
    const { flows, make, clock } = createWorld();
    const { flow } = await make();
    clock.now += 1_000;
    const changed = await flows.change(flow.id, { definition: textOf('deduct', 'notify'), updatedUser: 'ann' });
    expect(changed).toMatchObject({
      ...{ kind: 'changed', view: { shown: 2, definition: textOf('deduct', 'notify') } },
    });
    expect(await flows.get(flow.id)).toMatchObject({
      flow: { latest: 2, version: 2, createUser: 'admin', updatedUser: 'ann', createdAt: NOW, updatedAt: NOW + 1_000 },
      shown: 2,
    });
    expect(await flows.get(flow.id, 1)).toMatchObject({ shown: 1, definition: textOf('deduct') });
    expect(await flows.get(flow.id, 3)).toBeUndefined();
    expect((await flows.load(flow.id, 1))?.steps.map(({ id }) => id)).toEqual(['deduct']);
    expect((await flows.load(flow.id, 2))?.steps.map(({ id }) => id)).toEqual(['deduct', 'notify']);
  });

  it('to the same definition, or of the rest, makes none', async () => {
    const { flows, make } = createWorld();
    const { flow } = await make();
    await flows.change(flow.id, { definition: textOf('deduct') });
    await flows.change(flow.id, { name: 'other', description: 'd', flowType: 't' });
    expect(await flows.get(flow.id)).toMatchObject({
      flow: { latest: 1, name: 'other', description: 'd', flowType: 't' },
    });
  });

  it('to a taken name or to a definition with problems changes nothing', async () => {
    const { flows, make } = createWorld();
    const { flow } = await make();
    await make({ name: 'other' });
    expect(await flows.change(flow.id, { name: 'other' })).toEqual({ kind: 'name_taken' });
    expect(await flows.change(flow.id, { definition: '{' })).toMatchObject({ kind: 'invalid' });
    expect(await flows.get(flow.id)).toMatchObject({ flow });
  });

  it('that meets another goes on from that one', async () => {
    const { flows, make } = createWorld();
    const { flow } = await make();
    const texts = ['a', 'b', 'c'].map((id) => textOf(id));
    await Promise.all(texts.map((definition) => flows.change(flow.id, { definition })));
    const shown = await Promise.all([2, 3, 4].map(async (version) => (await flows.get(flow.id, version))?.definition));
    expect(shown.sort()).toEqual(texts);
  });

  it('switches it on and off', async () => {
    const { flows, make } = createWorld();
    const { flow } = await make();
    expect(await flows.setActive(flow.id, false, 'ann')).toMatchObject({ active: false, updatedUser: 'ann' });
    expect((await flows.get(flow.id))?.flow.active).toBe(false);
    expect(await flows.setActive(flow.id, true)).toMatchObject({ active: true, updatedUser: 'ann' });
  });
});

describe('a deletion', () => {
  const sagaOf = (flow: Flow, status: Saga['status']): Saga => ({
    ...newSaga({ no: '5', instance: 'order_001', flow, params: '{}', fingerprint: 'f', depth: 0, now: NOW }),
    status,
  });

  it('frees the name; what was started goes on', async () => {
    const { flows, make } = createWorld();
    const { flow } = await make();
    expect(await flows.remove(flow.id)).toBe('removed');
    expect(await flows.get(flow.id)).toBeUndefined();
    expect(await flows.remove(flow.id)).toBe('not_found');
    expect(await flows.list({ offset: 0, limit: 10 })).toEqual({ rows: [], total: 0, partial: false });
    expect((await flows.load(flow.id, 1))?.steps).toHaveLength(1);
    expect((await make()).flow.id).not.toBe(flow.id);
  });

  it.each<[string, Sums, Saga['status'] | undefined, string]>([
    ['one that runs', { running: 1 }, undefined, 'in_use'],
    ['one that waits for a person', { failed: 3, expired_failed: 2 }, undefined, 'in_use'],
    ['one that is not counted yet', {}, 'compensating', 'in_use'],
    ['ended ones', { succeeded: 5, failed: 2, expired_failed: 2 }, 'compensated', 'removed'],
  ])('of a flow with %s', async (_case, sums, status, answer) => {
    const others = { sagas: [] as Saga[], sums };
    const { flows, make } = createWorld(others);
    const { flow } = await make();
    const loaded = await flows.load(flow.id, 1);
    if (loaded !== undefined && status !== undefined) {
      others.sagas.push(sagaOf(loaded, status));
    }
    expect(await flows.remove(flow.id)).toBe(answer);
  });
});

describe('the list', () => {
  it('shows the newest first, by pages, with how many there are', async () => {
    const { flows, make, clock } = createWorld();
    for (let at = 0; at < 450; at += 1) {
      clock.now = NOW + at;
      await make({ name: `flow ${at}` });
    }
    const names = async (offset: number, limit: number) => {
      const { rows, total } = await flows.list({ offset, limit });
      return [...rows.map(({ name }) => name), total];
    };
    expect(await names(0, 2)).toEqual(['flow 449', 'flow 448', 450]);
    expect(await names(399, 2)).toEqual(['flow 50', 'flow 49', 450]);
    expect(await names(449, 2)).toEqual(['flow 0', 450]);
    expect(await names(460, 2)).toEqual([450]);
  });
});

describe('load', () => {
  it('reads a version once', async () => {
    const { flows, make, reads } = createWorld();
    const { flow } = await make();
    const before = reads();
    const first = await flows.load(flow.id, 1);
    expect(await flows.load(flow.id, 1)).toBe(first);
    expect(reads()).toBe(before + 1);
  });

  it('reads what was stored before something was looked for that is refused by now', async () => {
    const { flows, store, make } = createWorld();
    const { flow } = await make();
    const definition = JSON.stringify({ tasks: [{ id: 'a', type: 'http', config: { timeout: 'long' } }] });
    expect(await flows.change(flow.id, { definition })).toMatchObject({ kind: 'invalid' });
    await store.write(
      flow,
      { ...flow, latest: 2, version: 2 },
      { flow: flow.id, version: 2, definition, createdAt: NOW },
    );
    expect((await flows.load(flow.id, 2))?.steps).toMatchObject([{ id: 'a', type: 'http' }]);
  });

  it('keeps no more than fits', async () => {
    const { flows, make, reads } = createWorld();
    const long = (at: number) => JSON.stringify({ description: 'x'.repeat(100_000), tasks: [{ id: `t${at}` }] });
    const ids: string[] = [];
    for (let at = 0; at < 50; at += 1) {
      ids.push((await make({ name: `flow ${at}`, definition: long(at) })).flow.id);
    }
    for (const id of ids) {
      await flows.load(id, 1);
    }
    const before = reads();
    for (const id of [...ids].reverse()) {
      await flows.load(id, 1);
    }
    expect(reads() - before).toBeGreaterThan(5);
    expect(reads() - before).toBeLessThan(45);
  });
});

describe('a rehearsal', () => {
  it('is of the latest version, or of the one that is asked for', async () => {
    const { flows, make } = createWorld();
    const { flow } = await make();
    await flows.change(flow.id, { definition: textOf('a', 'b') });
    expect(await flows.rehearse(flow.id)).toMatchObject({ flow: flow.id, version: 2 });
    expect(await flows.rehearse(flow.id, 1)).toMatchObject({ flow: flow.id, version: 1 });
    expect(await flows.rehearse(flow.id, 3)).toBeUndefined();
  });
});
