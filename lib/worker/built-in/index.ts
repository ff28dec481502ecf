import * as z from 'zod';
import type { Executor } from '../handlers.ts';
import { createAddressGuard, type Network } from './address-guard.ts';
import { createHttp, createHttpCallback } from './http.ts';
import { python } from './python.ts';
import { shell } from './shell.ts';

/** What a worker can be allowed to do without code of its own. Nothing is allowed unless it is named. */
export const builtInSchema = z.enum(['shell', 'http', 'python'], 'must be one of shell, http and python');
export type BuiltIn = z.infer<typeof builtInSchema>;

/** Handler names and executors of what is allowed; `http` brings `http_callback`. */
export function builtIns(allow: readonly BuiltIn[], allowed: readonly Network[]): [name: string, execute: Executor][] {
  const guard = createAddressGuard(allowed);
  const executors: Record<BuiltIn, [string, Executor][]> = {
    shell: [['shell', shell]],
    http: [
      ['http', createHttp(guard)],
      ['http_callback', createHttpCallback(guard)],
    ],
    python: [['python', python]],
  };
  return [...new Set(allow)].flatMap((name) => executors[name]);
}
