import * as z from 'zod';
import type { Control, Ending, Executor, Task } from '../handlers.ts';

/** The system's interfaces end a string at a NUL, so a text that holds one would be cut in silence. */
export const osText = z.string().refine((text) => !text.includes('\0'), 'must not contain a NUL character');

/** Checks a payload before the executor sees it; a wrong one fails the attempt and names the field. */
export function withPayload<T>(
  schema: z.ZodType<T>,
  execute: (payload: T, task: Task, control: Control) => Promise<Ending>,
): Executor {
  return async (task, control) => {
    const payload = schema.safeParse(task.payload);
    if (payload.success) return execute(payload.data, task, control);
    return badPayload(
      payload.error.issues
        .map(({ path, message }) => `payload${path.map((part) => `.${String(part)}`).join('')}: ${message}`)
        .join('; '),
    );
  };
}

export const badPayload = (error: string): Ending => ({ outcome: 'failed', reason: 'bad_payload', error });
