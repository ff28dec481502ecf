/** Why a task is not running, and why a cron job does not fire: answered from state alone. */
import * as z from 'zod';
import { WHY_RUN } from '../../../domain/fleet/why.ts';
import { WHY_JOB } from '../../../domain/job/why.ts';
import { FAULT } from '../c-inputs.ts';
import { defineOperation } from '../operation.ts';
import { exampleOf, okOf } from './envelope.ts';
import { jobIdParams, taskIdParams } from './inputs.ts';

const whyOf = <const R extends readonly [string, ...string[]]>(reasons: R) =>
  z.object({
    reason: z.enum(reasons),
    message: z.string().meta({ description: 'One sentence' }),
    details: z.record(z.string(), z.unknown()).meta({ description: 'What it was concluded from' }),
  });

export const whyTask = defineOperation({
  id: 'whyTask',
  group: 'A',
  method: 'GET',
  path: '/api/v1/task/:id/why',
  summary: 'Tell why a task is not running',
  params: taskIdParams,
  answers: {
    200: {
      description: 'The reason, as the state is now',
      schema: okOf(whyOf(WHY_RUN)),
      examples: {
        noTag: exampleOf({
          reason: 'no_tag',
          message: 'Of the workers that could otherwise take it (worker-1), none has the tag gpu.',
          details: {
            pool: 'default',
            ready_since: '2030-01-01T02:00:00Z',
            tag: 'gpu',
            candidates: ['worker-1'],
          },
        }),
      },
    },
  },
  refusals: { 400: 'The id is not that of a task', 404: 'There is no such task' },
  fault: FAULT,
});

export const whyCronjob = defineOperation({
  id: 'whyCronjob',
  group: 'A',
  method: 'GET',
  path: '/api/v1/cronjob/:id/why',
  summary: 'Tell why a cron job does not fire, or when it will',
  params: jobIdParams,
  answers: {
    200: {
      description: 'The reason, as the state is now',
      schema: okOf(whyOf(WHY_JOB)),
      examples: {
        waiting: exampleOf({
          reason: 'waiting',
          message: 'It is next due at 2030-01-02T02:00:00Z.',
          details: { next_at: '2030-01-02T02:00:00Z' },
        }),
      },
    },
  },
  refusals: { 400: 'The id is not that of a cron job', 404: 'There is no such cron job' },
  fault: FAULT,
});
