import * as z from 'zod';
import type { Executor } from '../handlers.ts';
import { withPayload } from './payload.ts';
import { processFields, runTaskProcess } from './task-process.ts';

/** As one word of the shell, whatever is in it. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** `sh -c <command> <arguments, quoted>`, so that pipes, variables and substitutions work as in a terminal. */
export const shell: Executor = withPayload(z.object(processFields), (payload, task, control) => {
  const line = [payload.command, ...(payload.arguments ?? []).map(quoted)].join(' ');
  return runTaskProcess(payload, { file: 'sh', args: ['-c', line] }, task, control);
});
