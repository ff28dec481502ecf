import { describe, expect, it } from 'vitest';
import { verifyChain } from '../../lib/application/identity/verify-chain.ts';
import { aDraft, aKey, aLogin, aUser, changedUser } from '../support/identity-rows.ts';
import { NOW } from '../support/rows.ts';
import { atOnce, auditLog, type OpenIdentity, storedUser } from './identity-tools.ts';

export const identityAuditSuite = ({ empty }: OpenIdentity): void => {
  describe('the audit log', () => {
    it('gives entries back as they were written, newest first, by page', async () => {
      const { audit } = await empty();
      expect(await audit.newest({ limit: 10 })).toEqual([]);
      const drafts = [aDraft({ detail: 'why: "ünï"' }), aDraft(), aDraft({ detail: '' })];
      for (const draft of drafts) {
        await audit.append(draft);
      }
      const entries = await audit.newest({ limit: 10 });
      expect(entries).toMatchObject([
        { ...drafts[2], seq: 3 },
        { ...drafts[1], seq: 2 },
        { ...drafts[0], seq: 1 },
      ]);
      expect(entries[1]).not.toHaveProperty('detail');
      expect(await audit.newest({ limit: 2 })).toEqual(entries.slice(0, 2));
      expect(await audit.newest({ before: 3, limit: 1 })).toEqual(entries.slice(1, 2));
      expect(await audit.newest({ before: 2, limit: 5 })).toEqual(entries.slice(2));
      expect(await audit.newest({ before: 1, limit: 5 })).toEqual([]);
      expect(await audit.newest({ before: 99, limit: 5 })).toEqual(entries);
    });

    it('is one whole chain after 20 wrote at once', async () => {
      const stores = await empty();
      const drafts = Array.from({ length: 20 }, (_, index) => aDraft({ requestId: `request-${index}` }));
      await Promise.all(drafts.map((draft) => stores.audit.append(draft)));
      const entries = await stores.audit.newest({ limit: 100 });
      expect(entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 20 }, (_, index) => 20 - index));
      expect(new Set(entries.map(({ requestId }) => requestId)).size).toBe(20);
      expect(await verifyChain(auditLog(stores))).toMatchObject({ kind: 'whole', entries: 20 });
    });

    it('tells of exactly what happened when all kinds of changes are made at once', async () => {
      const stores = await empty();
      const owner = await storedUser(stores, { role: 'admin' });
      const login = aLogin(owner.id);
      const [made, refused] = [aDraft({ entity: 'made' }), aDraft({ entity: 'refused' })];
      await Promise.all([
        stores.logins.create(login, made),
        stores.keys.create(aKey(owner.id), made),
        stores.users.create(aUser(), made),
        stores.audit.append(made),
        stores.users.create(aUser({ username: owner.username }), refused),
        stores.users.replace(owner, changedUser(owner, { role: 'user' }), refused),
        stores.keys.create(aKey(aUser().id), refused),
        stores.keys.revoke(aKey(owner.id), refused),
        stores.keys.replace(aKey(owner.id), aKey(owner.id), refused),
        stores.logins.end(aLogin(owner.id), refused),
        stores.logins.rotate({ ...login, generation: 5 }, { now: NOW, expiresAt: NOW + 1 }, refused),
      ]);
      await stores.logins.end(login, made);
      const entities = (await stores.audit.newest({ limit: 100 })).map(({ entity }) => entity);
      expect(entities.filter((entity) => entity === 'made')).toHaveLength(5);
      expect(entities).not.toContain('refused');
      expect(await verifyChain(auditLog(stores))).toMatchObject({ kind: 'whole', entries: 6 });
    });

    it('holds the whole log however many try to fill it together', async () => {
      const stores = await empty();
      const owner = await storedUser(stores);
      await atOnce(8, () => stores.keys.create(aKey(owner.id), aDraft()));
      expect(await stores.users.get(owner.id)).toMatchObject({ keys: 8 });
      expect(await verifyChain(auditLog(stores))).toMatchObject({ kind: 'whole', entries: 9 });
    });
  });
};
