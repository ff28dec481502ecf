import { stat } from 'node:fs/promises';
import * as z from 'zod';
import { MAX_CPU_SECONDS, MAX_MEMORY_MB } from '../../contracts/limits.ts';
import type { Control, Ending, Task } from '../handlers.ts';
import { badPayload, osText } from './payload.ts';
import { type ProcessSpec, runProcess } from './process.ts';

/** What the payloads of all handlers that start a process may say. */
export const processFields = {
  command: osText.min(1),
  arguments: z.array(osText).optional(),
  working_directory: osText.min(1).optional(),
  environment: z.record(osText.regex(/^[^=]+$/, 'a variable has a name, without "="'), osText).optional(),
  resource_limit: z
    .object({ memory_mb: z.int().min(1).max(MAX_MEMORY_MB), cpu_seconds: z.int().min(1).max(MAX_CPU_SECONDS) })
    .partial()
    .optional(),
};
type ProcessFields = z.output<z.ZodObject<typeof processFields>>;

/**
 * What a process is told of its run, whatever its payload says. The instant of the occurrence is that of the schedule (ISO 8601,
 * UTC): the same for every attempt, so that a run can tell which day it works on.
 */
const runEnvironment = ({ run, attempt, scheduledAt, shard }: Task): Record<string, string> => ({
  CRONSAGA_RUN: run,
  CRONSAGA_ATTEMPT: String(attempt),
  ...(scheduledAt === undefined ? {} : { CRONSAGA_SCHEDULED_AT: new Date(scheduledAt).toISOString() }),
  ...(shard === undefined
    ? {}
    : { CRONSAGA_SHARD_INDEX: String(shard.index), CRONSAGA_SHARD_TOTAL: String(shard.total) }),
});

type Program = Pick<ProcessSpec, 'file' | 'args'>;

/**
 * The program in a shell that limits itself and then becomes it, so the process keeps its number and its exit code. A limit that
 * the system refuses ends the attempt. The CPU's hard limit is a second later than the soft one: SIGXCPU says what SIGKILL would not.
 */
function withLimits(
  { file, args }: Program,
  { memory_mb: memoryMb, cpu_seconds: cpuS }: NonNullable<ProcessFields['resource_limit']>,
): Program {
  const limits = [
    ...(memoryMb === undefined ? [] : [`ulimit -v ${memoryMb * 1_024}`]),
    ...(cpuS === undefined ? [] : [`ulimit -S -t ${cpuS}`, `ulimit -H -t ${cpuS + 1}`]),
  ];
  return limits.length === 0
    ? { file, args }
    : { file: 'sh', args: ['-c', `${limits.join(' && ')} && exec "$@"`, 'sh', file, ...args] };
}

/** Runs the process of a task. @param defaults variables that the payload may set otherwise */
export async function runTaskProcess(
  { working_directory: directory, environment, resource_limit: limits }: ProcessFields,
  { defaults = {}, ...program }: Program & { readonly defaults?: Record<string, string> },
  task: Task,
  control: Control,
): Promise<Ending> {
  // A missing directory would be reported by the system as a missing program.
  if (directory !== undefined && !(await isDirectory(directory))) {
    return badPayload(`payload.working_directory: ${directory} is no directory on this worker`);
  }
  const variables = { ...defaults, ...environment, ...runEnvironment(task) };
  const held = limits === undefined ? program : withLimits(program, limits);
  return runProcess({ ...held, workingDirectory: directory, environment: variables }, control);
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}
