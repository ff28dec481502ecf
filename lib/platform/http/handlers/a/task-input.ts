/** What API A asks of a task, as the engine takes it. */

import type * as z from 'zod';
import type { SubmitInput } from '../../../../application/api.ts';
import type { Metadata } from '../../../../contracts/http/a/metadata.ts';
import type { Task } from '../../../../contracts/http/a/task.ts';
import type { createTaskBody, TaskFields } from '../../../../contracts/http/a/task-inputs.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import type { TaskForm } from '../../../../domain/run.ts';
import { DEFAULT_NAME, DEFAULT_PRIORITY, givenOf, keptOf, needsWith, payloadWith, timeoutMsOf } from './work.ts';

const HOUR_MS = 3_600_000;
const HANDLER = 'shell';
/** A group executes nothing: the function that serves this pool ends it at once. */
const GROUP = { handler: 'group', pool: 'lambda' } as const;

type Created = z.output<typeof createTaskBody>;

const formFields = (body: Pick<TaskFields, 'previous' | 'next' | 'cronjob' | 'task_order'>) => ({
  ...(body.cronjob === undefined ? {} : { cronjob: body.cronjob }),
  ...(body.task_order === undefined ? {} : { taskOrder: body.task_order }),
  ...(body.previous === undefined ? {} : { previous: body.previous }),
  ...(body.next === undefined ? {} : { next: body.next }),
});

/** @param now epoch ms */
export const submitInputOf = (body: Created, now: number): SubmitInput & { readonly startBy: number } => {
  const { name, command, args = '', category = DEFAULT_NAME, tags = [] } = body;
  const metadata: Metadata = body.metadata ?? {};
  const isGroup = body.is_group === true;
  const executeAt = body.time_plan ?? now;
  const kept = keptOf(metadata);
  const needs = isGroup ? undefined : needsWith({ tags }, category, metadata);
  return {
    handler: HANDLER,
    pool: body.pool ?? DEFAULT_NAME,
    ...(isGroup ? GROUP : {}),
    payload: payloadWith(HANDLER, '{}', { command: command ?? '', args, metadata }),
    priority: metadata.priority ?? DEFAULT_PRIORITY,
    executeAt,
    startBy: body.timeout_at ?? Math.max(executeAt, now) + HOUR_MS,
    maxTries: (body.max_retry ?? 0) + 1,
    timeoutMs: timeoutMsOf(body.timeout ?? 0),
    ...(needs === undefined ? {} : { needs }),
    ...(body.routing === undefined ? {} : { routing: { strategy: body.routing } }),
    task: {
      name,
      project: body.project ?? DEFAULT_NAME,
      category,
      description: body.description ?? '',
      saveLog: body.save_log ?? true,
      ...(isGroup ? { isGroup: true } : {}),
      ...(body.is_standalone === true ? { isStandalone: true } : {}),
      ...(kept === undefined ? {} : { metadata: kept }),
      ...formFields(body),
    },
  };
};

/** Of metadata, what is executed: it was fixed when the task was created. */
const FIXED_METADATA = [
  'workingDir',
  'environment',
  'worker_select',
  'worker_labels',
  'priority',
  'resource_limit',
] as const satisfies readonly (keyof Metadata)[];

const sameJson = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** The first field that a change gives another value and that was fixed when the task was created. */
export const fixedFieldOf = (given: TaskFields, task: Task): string | undefined => {
  const { time_plan, timeout_at } = given;
  const metadata: Metadata = given.metadata ?? {};
  const asked: Readonly<Partial<Record<keyof Task, unknown>>> = {
    command: given.command,
    args: given.args,
    category: given.category,
    time_plan: time_plan === undefined ? undefined : formatInstant(time_plan),
    timeout_at: timeout_at === undefined ? undefined : formatInstant(timeout_at),
    is_group: given.is_group,
    max_retry: given.max_retry,
    timeout: given.timeout,
  };
  const field = Object.entries(asked).find(
    ([name, value]) => value !== undefined && value !== task[name as keyof Task],
  )?.[0];
  const key = FIXED_METADATA.find(
    (name) => metadata[name] !== undefined && !sameJson(metadata[name], task.metadata[name]),
  );
  return field ?? (key === undefined ? undefined : `metadata.${key}`);
};

/** The form with what a change gives. */
export const changedForm = (form: TaskForm, given: TaskFields, task: Task): TaskForm => {
  const { name, project, description, save_log, is_standalone, metadata } = given;
  const { isStandalone, metadata: before, ...rest } = form;
  const standalone = is_standalone ?? isStandalone === true;
  const kept = metadata === undefined ? before : keptOf({ ...task.metadata, ...givenOf(metadata) });
  return {
    ...rest,
    ...(name === undefined ? {} : { name }),
    ...(project === undefined ? {} : { project }),
    ...(description === undefined ? {} : { description }),
    ...(save_log === undefined ? {} : { saveLog: save_log }),
    ...(standalone ? { isStandalone: true } : {}),
    ...(kept === undefined ? {} : { metadata: kept }),
    ...formFields(given),
  };
};
