import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a secret for its owner only. */
export const writeKeyFile = async (file: string, key: string): Promise<void> => {
  await mkdir(dirname(file), { recursive: true });
  // A mode is given to new files only.
  await rm(file, { force: true });
  await writeFile(file, key, { mode: 0o600, flag: 'wx' });
};
