/** API A: cron jobs. */
import { FAULT, idempotencyHeaders, MALFORMED_BODY } from '../c-inputs.ts';
import { defineOperation } from '../operation.ts';
import { BULK_EXAMPLE, bulkSchema, CRONJOB_EXAMPLE, cronjobSchema, READING_EXAMPLE, readingSchema } from './cronjob.ts';
import {
  bulkCronjobsBody,
  createCronjobBody,
  listCronjobsQuery,
  nameParams,
  patchCronjobBody,
  putCronjobBody,
  validateBody,
} from './cronjob-inputs.ts';
import { exampleOf, messageOf, okOf, pageExample, pageOf } from './envelope.ts';
import { jobIdParams } from './inputs.ts';

const oneCronjob = (description: string) =>
  ({ description, schema: okOf(cronjobSchema), examples: { nightly: exampleOf(CRONJOB_EXAMPLE) } }) as const;

const BAD_ID = 'The id is not that of a cron job';
const UNKNOWN = 'There is no such cron job';
const TAKEN = 'The project has another of that name';

export const createCronjob = defineOperation({
  id: 'createCronjob',
  group: 'A',
  method: 'POST',
  path: '/api/v1/cronjob',
  summary: 'Create a cron job',
  description: 'Paused unless is_active says otherwise.',
  headers: idempotencyHeaders('Repeating a create under its key within 24 h answers with the same cron job'),
  body: {
    schema: createCronjobBody,
    malformed: MALFORMED_BODY,
    examples: {
      nightly: {
        name: 'nightly-report',
        time: '0 0 2 * * * *',
        command: 'bin/report',
        args: '["--all"]',
        is_active: true,
      },
      zone: { name: 'morning', time: '0 9 * * MON-FRI', timezone: 'Asia/Shanghai', command: 'bin/greet' },
    },
  },
  answers: { 201: oneCronjob('The cron job') },
  refusals: {
    400: 'A field is missing or wrong, or the expression cannot be read or never fires',
    409: `${TAKEN}, or the Idempotency-Key was used for something else`,
  },
  fault: FAULT,
});

export const listCronjobs = defineOperation({
  id: 'listCronjobs',
  group: 'A',
  method: 'GET',
  path: '/api/v1/cronjob',
  summary: 'List cron jobs',
  query: listCronjobsQuery,
  answers: {
    200: {
      description: 'One page',
      schema: okOf(pageOf(cronjobSchema)),
      examples: { page: pageExample(CRONJOB_EXAMPLE) },
    },
  },
  refusals: { 400: 'ordering names an unknown field, the cursor is none, or the page lies too far' },
  fault: FAULT,
});

export const getCronjob = defineOperation({
  id: 'getCronjob',
  group: 'A',
  method: 'GET',
  path: '/api/v1/cronjob/:id',
  summary: 'Read a cron job',
  params: jobIdParams,
  answers: { 200: oneCronjob('The cron job') },
  refusals: { 400: BAD_ID, 404: UNKNOWN },
  fault: FAULT,
});

export const getCronjobByName = defineOperation({
  id: 'getCronjobByName',
  group: 'A',
  method: 'GET',
  path: '/api/v1/cronjob/project/:project/name/:name',
  summary: 'Read a cron job by its name',
  params: nameParams,
  answers: { 200: oneCronjob('The cron job') },
  refusals: { 404: UNKNOWN },
  fault: FAULT,
});

export const putCronjob = defineOperation({
  id: 'putCronjob',
  group: 'A',
  method: 'PUT',
  path: '/api/v1/cronjob/:id',
  summary: 'Update a cron job',
  description:
    'args, description, is_active, save_log and timeout are set also when absent (to nothing, false or 0); project, category, name, time and command when they are not empty; everything else when it is given.',
  params: jobIdParams,
  body: {
    schema: putCronjobBody,
    malformed: MALFORMED_BODY,
    examples: { hourly: { name: 'report', time: '0 0 * * * * *', command: 'bin/report', is_active: true } },
  },
  answers: { 200: oneCronjob('The cron job as it is now') },
  refusals: { 400: 'A field is wrong, or the expression cannot be read or never fires', 404: UNKNOWN, 409: TAKEN },
  fault: FAULT,
});

export const patchCronjob = defineOperation({
  id: 'patchCronjob',
  group: 'A',
  method: 'PATCH',
  path: '/api/v1/cronjob/:id',
  summary: 'Change a cron job',
  description: 'What is absent stays. Of metadata, its keys one by one.',
  params: jobIdParams,
  body: {
    schema: patchCronjobBody,
    malformed: MALFORMED_BODY,
    examples: { resume: { is_active: true }, move: { time: '0 30 2 * * * *', metadata: { priority: 1 } } },
  },
  answers: { 200: oneCronjob('The cron job as it is now') },
  refusals: {
    400: 'A field is wrong or may not be changed, or the expression cannot be read or never fires',
    404: UNKNOWN,
    409: TAKEN,
  },
  fault: FAULT,
});

export const deleteCronjob = defineOperation({
  id: 'deleteCronjob',
  group: 'A',
  method: 'DELETE',
  path: '/api/v1/cronjob/:id',
  summary: 'Delete a cron job',
  description: 'No task of it appears any more; those that run go on. Its name may be used again.',
  params: jobIdParams,
  answers: {
    200: {
      description: 'It is deleted',
      schema: okOf(messageOf('定时任务删除成功')),
      examples: { done: exampleOf({ message: '定时任务删除成功' }) },
    },
  },
  refusals: { 400: BAD_ID, 404: UNKNOWN },
  fault: FAULT,
});

export const toggleCronjob = defineOperation({
  id: 'toggleCronjob',
  group: 'A',
  method: 'PUT',
  path: '/api/v1/cronjob/:id/toggle-active',
  summary: 'Switch a cron job on or off',
  description: 'What is active is paused, anything else becomes active.',
  params: jobIdParams,
  answers: { 200: oneCronjob('The cron job as it is now') },
  refusals: { 400: BAD_ID, 404: UNKNOWN },
  fault: FAULT,
});

export const validateExpression = defineOperation({
  id: 'validateExpression',
  group: 'A',
  method: 'POST',
  path: '/api/v1/cronjob/validate-expression',
  summary: 'Read a cron expression',
  body: {
    schema: validateBody,
    malformed: MALFORMED_BODY,
    examples: { nightly: { expr: '0 0 2 * * * *' }, quartz: { expr: '0 0 12 * * ?', timezone: 'Europe/Berlin' } },
  },
  answers: {
    200: {
      description: 'How it is understood, and when it fires next',
      schema: okOf(readingSchema),
      examples: { nightly: exampleOf(READING_EXAMPLE) },
    },
  },
  refusals: { 400: 'The expression cannot be read, or never fires; the message says why' },
  fault: FAULT,
});

export const bulkCronjobs = defineOperation({
  id: 'bulkCronjobs',
  group: 'A',
  method: 'POST',
  path: '/api/v1/cronjob/bulk',
  summary: 'Pause or resume many cron jobs',
  description: 'At most 200 a call; the answer says where to go on.',
  body: {
    schema: bulkCronjobsBody,
    malformed: MALFORMED_BODY,
    examples: { pause: { action: 'pause', project: 'default' } },
  },
  answers: {
    200: { description: 'What it did', schema: okOf(bulkSchema), examples: { some: exampleOf(BULK_EXAMPLE) } },
  },
  refusals: { 400: 'The action or the filter is wrong' },
  fault: FAULT,
});
