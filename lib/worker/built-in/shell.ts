import { stat } from 'node:fs/promises';
import * as z from 'zod';
import type { Executor } from '../handlers.ts';
import { badPayload, osText, withPayload } from './payload.ts';
import { runProcess } from './process.ts';

const payloadSchema = z.object({
  command: osText.min(1),
  working_directory: osText.min(1).optional(),
  environment: z.record(osText.regex(/^[^=]+$/, 'a variable has a name, without "="'), osText).optional(),
});

/** `sh -c <command>`, so that pipes, variables and substitutions work as in a terminal. */
export const shell: Executor = withPayload(payloadSchema, async (payload, task, control) => {
  const directory = payload.working_directory;
  // A missing directory would be reported by the system as a missing `sh`.
  if (directory !== undefined && !(await isDirectory(directory))) {
    return badPayload(`payload.working_directory: ${directory} is no directory on this worker`);
  }
  return runProcess(
    { file: 'sh', args: ['-c', payload.command], workingDirectory: directory, environment: payload.environment ?? {} },
    task,
    control,
  );
});

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
