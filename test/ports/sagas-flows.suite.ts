import { describe, expect, it } from 'vitest';
import type { FlowStore } from '../../lib/application/ports/index.ts';
import type { FlowRow } from '../../lib/domain/flow/flow.ts';
import { NOW } from '../support/rows.ts';
import { aFlow, aVersion, changedFlow } from '../support/saga-rows.ts';
import { freshId } from './fresh-id.ts';
import { atOnce } from './identity-tools.ts';

const SOON = { timeout: 5_000 };

/** @param empty a store that nobody has written to */
export const flowsSuite = (open: () => FlowStore, empty: () => Promise<FlowStore>): void => {
  const stored = async (fields: Partial<FlowRow> = {}): Promise<FlowRow> => {
    const flow = aFlow(fields);
    expect(await open().create(flow, aVersion(flow))).toBe('created');
    return flow;
  };

  describe('flows', () => {
    it('are given back as created, with their first version', async () => {
      const flow = await stored({ active: false, description: '' });
      expect(await open().get(flow.id)).toEqual(flow);
      expect(await open().getVersion(flow.id, 1)).toEqual(aVersion(flow));
      expect(await open().getVersion(flow.id, 2)).toBeUndefined();
      expect(await open().get(freshId())).toBeUndefined();
      expect(await open().create(flow, aVersion(flow))).toBe('exists');
    });

    it('have a name that no other has, as long as they are not deleted', async () => {
      const flow = await stored();
      const twin = aFlow({ name: flow.name });
      expect(await open().create(twin, aVersion(twin))).toBe('name_taken');
      expect(await open().getVersion(twin.id, 1)).toBeUndefined();
      const other = await stored();
      expect(await open().write(other, changedFlow(other, { name: flow.name }))).toBe('name_taken');
      expect(await open().get(other.id)).toEqual(other);
      const gone = changedFlow(flow, { deletedAt: NOW });
      expect(await open().write(flow, gone)).toBe('done');
      expect(await open().get(flow.id)).toEqual(gone);
      expect(await open().create(twin, aVersion(twin))).toBe('created');
    });

    it('change with a further version of the definition, or without, in the version that was read', async () => {
      const flow = await stored();
      const renamed = changedFlow(flow, { name: `new ${flow.name}` });
      expect(await open().write(flow, renamed)).toBe('done');
      const heir = aFlow({ name: flow.name });
      expect(await open().create(heir, aVersion(heir))).toBe('created');
      const grown = changedFlow(renamed, { latest: 2 });
      const second = aVersion(flow, { version: 2, definition: '{"tasks":[1]}' });
      expect(await open().write(flow, grown, second)).toBe('changed');
      expect(await open().getVersion(flow.id, 2)).toBeUndefined();
      expect(await open().write(renamed, grown, second)).toBe('done');
      expect(await open().getVersion(flow.id, 2)).toEqual(second);
      expect(await open().getVersion(flow.id, 1)).toEqual(aVersion(flow));
      expect(await open().get(flow.id)).toEqual(grown);
    });

    it('are changed by one of five that saw the same version', async () => {
      const flow = await stored();
      const answers = await atOnce(5, (index) =>
        open().write(flow, changedFlow(flow, { latest: 2 }), aVersion(flow, { version: 2, definition: `"${index}"` })),
      );
      expect(answers.filter((answer) => answer === 'done')).toHaveLength(1);
      expect(answers.filter((answer) => answer === 'changed')).toHaveLength(4);
      expect(await open().getVersion(flow.id, 2)).toMatchObject({ definition: `"${answers.indexOf('done')}"` });
    });

    it('are listed newest first, page by page, and counted, without those deleted', async () => {
      const flows = await empty();
      expect(await flows.list({ limit: 5 })).toEqual([]);
      expect(await flows.count()).toBe(0);
      const rows = [aFlow(), aFlow(), aFlow(), aFlow()];
      for (const flow of rows) {
        await flows.create(flow, aVersion(flow));
      }
      const [first, second, third, fourth] = rows as [FlowRow, FlowRow, FlowRow, FlowRow];
      await flows.write(second, changedFlow(second, { deletedAt: NOW }));
      await expect.poll(() => flows.list({ limit: 5 }), SOON).toEqual([fourth, third, first]);
      expect(await flows.list({ limit: 2 })).toEqual([fourth, third]);
      expect(await flows.list({ limit: 2, after: third.id })).toEqual([first]);
      expect(await flows.list({ limit: 2, after: second.id })).toEqual([first]);
      expect(await flows.list({ limit: 2, after: freshId() })).toEqual([]);
      expect(await flows.count()).toBe(3);
    });
  });
};
