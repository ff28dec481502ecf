import type { LoginStore } from '../../../application/ports/identity.ts';
import { type IdentityRows, loginRow } from './rows.ts';

export const createMemoryLoginStore = ({ logins, record }: IdentityRows): LoginStore => ({
  create: async (login, audit) => {
    if (logins.has(loginRow(login))) {
      throw new Error(`A login of user ${login.user} drew the id of another one`);
    }
    logins.set(loginRow(login), login);
    record(audit);
  },

  rotate: async (asked, { now, expiresAt }, audit) => {
    const row = logins.get(loginRow(asked));
    if (row === undefined || row.expiresAt <= now || row.generation < asked.generation) {
      return 'missing';
    }
    if (row.generation > asked.generation) {
      return 'reused';
    }
    logins.set(loginRow(asked), { ...row, generation: row.generation + 1, expiresAt });
    record(audit);
    return 'rotated';
  },

  end: async (login, audit) => {
    if (logins.delete(loginRow(login))) {
      record(audit);
    }
  },
});
