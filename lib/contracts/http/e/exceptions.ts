/** API E: exceptions, and the desk where people settle them. */
import * as z from 'zod';
import { defineOperation } from '../operation.ts';
import { exampleOf, okOf, pageOf } from './envelope.ts';
import {
  deskSchema,
  EXCEPTION_EXAMPLE,
  EXCEPTION_ROW_EXAMPLE,
  exceptionRowSchema,
  exceptionSchema,
  proposalSchema,
} from './exception.ts';
import {
  bodyOf,
  exceptionIdParams,
  FAULT,
  filter,
  flag,
  flagFilter,
  instant,
  instantFilter,
  isWithinReach,
  MALFORMED_BODY,
  OUT_OF_REACH,
  optional,
  pageParameters,
  someText,
  text,
} from './inputs.ts';
import { json, jsonObject } from './json.ts';

const MAX_REMARK = 1_000;
const UNKNOWN = 'There is no such exception';
const REFUSED =
  'A field is wrong, the exception is handled, or its transaction does not allow it; the message says which';
const SAME_PERSON = 'The flow asks for a second person, who must be known and another than the first';

/** What a second person has read. */
const proposalId = z
  .int({
    error: ({ input }: { readonly input?: unknown }) =>
      input === undefined || input === null ? 'proposal_id is required' : 'proposal_id must be a whole number',
  })
  .meta({ description: 'The id of the proposal as it was read: another may have taken its place' });

const remark = optional(text('remark', MAX_REMARK));

/** A body that may be missing. */
const given = <const S extends z.ZodRawShape>(id: string, fields: S, example: object) =>
  ({
    schema: bodyOf(fields).meta({ id }),
    malformed: MALFORMED_BODY,
    optional: true,
    examples: { example },
  }) as const;

/** What all that a person does to an exception has in common. */
const desk = {
  group: 'E',
  method: 'POST',
  recorded: true,
  params: exceptionIdParams,
  refusals: { 400: REFUSED, 403: SAME_PERSON, 404: UNKNOWN },
  fault: FAULT,
} as const;

const settled = (example: object) =>
  ({
    200: {
      description: 'The exception as it is now; with a proposal where the flow asks for a second person',
      schema: okOf(deskSchema),
      examples: { example: exampleOf({ ...EXCEPTION_EXAMPLE, ...example }) },
    },
  }) as const;

const handledAs = (as: string, status: string) => ({
  handled: true,
  handled_at: '2030-01-01T00:05:00Z',
  handled_by: 'user:1',
  handled_as: as,
  transaction_status: status,
});

export const listExceptions = defineOperation({
  id: 'listExceptions',
  group: 'E',
  method: 'GET',
  path: '/api/v1/exceptions',
  summary: 'List exceptions',
  description: 'Newest first.',
  query: z
    .object({
      ...pageParameters,
      handled: flagFilter('handled'),
      flow_id: filter,
      since: instantFilter('since').meta({ description: 'Those that occurred since then' }),
    })
    .refine(isWithinReach, OUT_OF_REACH),
  answers: {
    200: pageOf(exceptionRowSchema, EXCEPTION_ROW_EXAMPLE),
  },
  refusals: { 400: 'A parameter is wrong' },
  fault: FAULT,
});

export const getException = defineOperation({
  id: 'getException',
  group: 'E',
  method: 'GET',
  path: '/api/v1/exceptions/:id',
  summary: 'Read an exception with what people noted on it',
  params: exceptionIdParams,
  answers: {
    200: {
      description: 'The exception',
      schema: okOf(exceptionSchema),
      examples: { open: exampleOf(EXCEPTION_EXAMPLE) },
    },
  },
  refusals: { 404: UNKNOWN },
  fault: FAULT,
});

export const handleException = defineOperation({
  ...desk,
  id: 'handleException',
  path: '/api/v1/exceptions/:id/handle',
  summary: 'Mark an exception as handled',
  description: 'It was dealt with elsewhere: the transaction stays as it is.',
  body: given('HandleException', { remark }, { remark: '人工确认问题已解决' }),
  answers: {
    200: {
      description: 'It is handled; with a proposal, and not yet, where the flow asks for a second person',
      schema: okOf(
        z.object({ exception_id: z.int().min(1), handled: z.boolean(), proposal: proposalSchema.optional() }),
      ),
      examples: { handled: exampleOf({ exception_id: EXCEPTION_EXAMPLE.id, handled: true }) },
    },
  },
});

export const retryException = defineOperation({
  ...desk,
  id: 'retryException',
  path: '/api/v1/exceptions/:id/retry',
  summary: 'Plan a retry of what failed',
  body: given(
    'RetryException',
    {
      at: optional(instant('at')).meta({
        description: "When, at most 366 days ahead; absent: after the task's retry interval",
      }),
      input: jsonObject('input').meta({ description: 'In place of the params, for this and every later try' }),
      remark,
    },
    { input: { user_id: 'user_001', amount: 90 }, remark: 'the amount was wrong' },
  ),
  answers: {
    200: {
      description: 'It is planned; with a proposal, and without an instant, where the flow asks for a second person',
      schema: okOf(
        z.object({
          exception_id: z.int().min(1),
          retry_scheduled: z.boolean(),
          retry_next_at: z.string().meta({ format: 'date-time' }).optional(),
          proposal: proposalSchema.optional(),
        }),
      ),
      examples: {
        planned: exampleOf({
          exception_id: EXCEPTION_EXAMPLE.id,
          retry_scheduled: true,
          retry_next_at: '2030-01-01T00:05:00Z',
        }),
      },
    },
  },
});

const output = json('output').meta({ description: 'Any JSON: what later tasks find as the output. Absent: null' });

export const skipException = defineOperation({
  ...desk,
  id: 'skipException',
  path: '/api/v1/exceptions/:id/skip',
  summary: 'Leave out what failed, and go on',
  description: 'Of a compensation: the task stays done, and the unwinding goes on.',
  body: given('SkipException', { output, remark }, { output: { order_id: 7 } }),
  answers: settled(handledAs('skipped', 'running')),
});

export const completeException = defineOperation({
  ...desk,
  id: 'completeException',
  path: '/api/v1/exceptions/:id/done',
  summary: 'Say that what failed was done by hand, and go on',
  description: 'It counts as done: where the transaction turns back, it is compensated.',
  body: given('CompleteException', { output, remark }, { output: { order_id: 7 } }),
  answers: settled(handledAs('done', 'running')),
});

export const compensateException = defineOperation({
  ...desk,
  id: 'compensateException',
  path: '/api/v1/exceptions/:id/compensate',
  summary: 'Turn the transaction back',
  description: 'What was done is compensated in reverse order.',
  body: given('CompensateException', { remark }, { remark: 'the customer cancelled' }),
  answers: settled(handledAs('compensated', 'compensating')),
});

export const forwardException = defineOperation({
  ...desk,
  id: 'forwardException',
  path: '/api/v1/exceptions/:id/forward',
  summary: 'Turn a transaction that unwinds forward again',
  description: 'What was compensated is done anew.',
  body: given('ForwardException', { remark }, { remark: 'the customer wants it after all' }),
  answers: settled(handledAs('forward', 'running')),
});

export const assignException = defineOperation({
  ...desk,
  id: 'assignException',
  path: '/api/v1/exceptions/:id/assign',
  summary: 'Say who sees to an exception',
  body: {
    schema: bodyOf({
      assignee: optional(someText('assignee', 100)).meta({ description: 'Absent: nobody' }),
    }).meta({ id: 'AssignException' }),
    malformed: MALFORMED_BODY,
    examples: { to: { assignee: 'lena' } },
  },
  answers: settled({ assignee: 'lena' }),
});

export const commentException = defineOperation({
  ...desk,
  id: 'commentException',
  path: '/api/v1/exceptions/:id/comment',
  summary: 'Note something on an exception',
  body: {
    schema: bodyOf({ text: someText('text', MAX_REMARK) }).meta({ id: 'CommentException' }),
    malformed: MALFORMED_BODY,
    examples: { note: { text: 'the bank is down until 02:00' } },
  },
  answers: settled({}),
});

export const approveException = defineOperation({
  ...desk,
  id: 'approveException',
  path: '/api/v1/exceptions/:id/approve',
  summary: 'Carry out what another person proposed',
  body: {
    schema: bodyOf({ proposal_id: proposalId }).meta({ id: 'ApproveException' }),
    malformed: MALFORMED_BODY,
    examples: { read: { proposal_id: 2 } },
  },
  answers: settled(handledAs('skipped', 'running')),
});

export const rejectException = defineOperation({
  ...desk,
  id: 'rejectException',
  path: '/api/v1/exceptions/:id/reject',
  summary: 'Drop what is proposed',
  body: {
    schema: bodyOf({ proposal_id: proposalId }).meta({ id: 'RejectException' }),
    malformed: MALFORMED_BODY,
    examples: { read: { proposal_id: 2 } },
  },
  answers: settled({}),
});

export const retryExceptions = defineOperation({
  id: 'retryExceptions',
  recorded: true,
  group: 'E',
  method: 'POST',
  path: '/api/v1/exceptions/retry',
  summary: 'Retry everything that failed in an interval',
  description: 'At most 100 in one call, none of which is being retried; repeat it while more is true.',
  body: {
    schema: bodyOf({
      from: instant('from'),
      to: instant('to'),
      flow_id: optional(someText('flow_id', 100)),
      error_contains: optional(someText('error_contains', 200)).meta({ description: 'In this spelling' }),
      dry_run: optional(flag('dry_run')).meta({ description: 'true: only what would be retried' }),
      at: optional(instant('at')).meta({ description: 'When, at most 366 days ahead; absent: now' }),
    })
      .refine(({ from, to }) => from < to, 'to must be after from')
      .meta({ id: 'RetryExceptions' }),
    malformed: MALFORMED_BODY,
    examples: {
      night: {
        from: '2030-01-01T00:00:00Z',
        to: '2030-01-01T06:00:00Z',
        error_contains: 'RPC call failed',
        dry_run: true,
      },
    },
  },
  answers: {
    200: {
      description: 'What matches, and what became of it',
      schema: okOf(
        z.object({
          dry_run: z.boolean(),
          matched: z.array(z.int()),
          retried: z.array(z.int()),
          refused: z.array(z.object({ exception_id: z.int(), message: z.string() })),
          more: z.boolean().meta({ description: 'Others match too' }),
        }),
      ),
      examples: {
        dry: exampleOf({ dry_run: true, matched: [EXCEPTION_EXAMPLE.id], retried: [], refused: [], more: false }),
      },
    },
  },
  refusals: { 400: 'A field is missing or wrong' },
  fault: FAULT,
});
