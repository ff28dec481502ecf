import * as z from 'zod';
import type { Executor } from '../handlers.ts';
import { osText, withPayload } from './payload.ts';
import { processFields, runTaskProcess } from './task-process.ts';

const payloadSchema = z.object({ ...processFields, python_path: osText.min(1).optional() });

/** As a script, `name.py` alone would only look up an attribute: it is meant as the file of that name. */
const SCRIPT_FILE = /^\S+\.py$/;

/** Runs the script text, or the script file, with `python3` or the interpreter named by `python_path`. */
export const python: Executor = withPayload(payloadSchema, (payload, task, control) => {
  const script = SCRIPT_FILE.test(payload.command) ? [payload.command] : ['-c', payload.command];
  return runTaskProcess(
    payload,
    {
      file: payload.python_path ?? 'python3',
      args: [...script, ...(payload.arguments ?? [])],
      // Unbuffered, so that what was printed before a timeout is not lost with the process.
      defaults: { PYTHONUNBUFFERED: '1' },
    },
    task,
    control,
  );
});
