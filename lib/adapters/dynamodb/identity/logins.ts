import type { LoginStore } from '../../../application/ports/identity.ts';
import type { Table } from '../client.ts';
import { writeRecorded } from './audit.ts';
import { createLoginActions, decodeLogin, endLoginActions, rotateActions } from './login-params.ts';

export const createLoginStore = (table: Table): LoginStore => ({
  create: async (login, audit) => {
    const written = await writeRecorded(table, createLoginActions(login, table.name), audit);
    if (written.kind === 'refused') {
      throw new Error(`A login of user ${login.user} drew the id of another one`);
    }
  },

  rotate: async (login, times, audit) => {
    const written = await writeRecorded(table, rotateActions(login, times, table.name), audit);
    if (written.kind === 'done') {
      return 'rotated';
    }
    const row = decodeLogin(written.by.get('row'));
    // TTL deletes late: what has expired counts as gone.
    const spent = row !== undefined && row.expiresAt > times.now && row.generation > login.generation;
    return spent ? 'reused' : 'missing';
  },

  end: async (login, audit) => {
    await writeRecorded(table, endLoginActions(login, table.name), audit);
  },
});
