/** API E: flows, their versions, and their rehearsal. */
import * as z from 'zod';
import { defineOperation } from '../operation.ts';
import { exampleOf, okOf, pageOf } from './envelope.ts';
import { FLOW_EXAMPLE, FLOW_ROW_EXAMPLE, flowRowSchema, flowSchema, rehearsalSchema } from './flow.ts';
import {
  bodyOf,
  FAULT,
  flowIdParams,
  isWithinReach,
  MALFORMED_BODY,
  numberFilter,
  OUT_OF_REACH,
  optional,
  pageParameters,
  someText,
  text,
} from './inputs.ts';
import { definition } from './json.ts';

const MAX_NAME = 100;
const MAX_DESCRIPTION = 1_000;
const MAX_TYPE = 50;
const MAX_USER = 100;
/** The largest definition has 128 KB; as a JSON string inside JSON its quotes take twice as much, and it is to be refused by name. */
const MAX_FLOW_BODY_BYTES = 512 * 1024;

const TOO_LARGE = 'The body is over 512 KB';
const UNKNOWN = 'There is no such flow';
const UNKNOWN_VERSION = 'There is no such flow, or no such version of it';

const createFlowBody = bodyOf({
  name: someText('name', MAX_NAME),
  description: optional(text('description', MAX_DESCRIPTION)),
  flow_type: someText('flow_type', MAX_TYPE),
  definition: definition.refine((sent) => sent !== undefined, 'definition is required'),
  create_user: someText('create_user', MAX_USER),
}).meta({ id: 'CreateFlow' });

const updateFlowBody = bodyOf({
  name: optional(someText('name', MAX_NAME)),
  description: optional(text('description', MAX_DESCRIPTION)),
  flow_type: optional(someText('flow_type', MAX_TYPE)),
  definition: definition.optional(),
  updated_user: optional(someText('updated_user', MAX_USER)),
}).meta({ id: 'UpdateFlow' });

const versionQuery = z.object({
  version: numberFilter('version', 1, 999_999).meta({ description: 'Absent: the latest' }),
});

const one = (description: string, example: object = FLOW_EXAMPLE) =>
  ({ description, schema: okOf(flowSchema), examples: { payment: exampleOf(example) } }) as const;
const row = (description: string, isActive: boolean) =>
  ({
    description,
    schema: okOf(flowRowSchema),
    examples: { payment: exampleOf({ ...FLOW_ROW_EXAMPLE, is_active: isActive }) },
  }) as const;

export const createFlow = defineOperation({
  id: 'createFlow',
  group: 'E',
  method: 'POST',
  path: '/api/v1/flows',
  summary: 'Create a flow',
  description: 'Safe to repeat without a key: the name is unique, so a repeat is refused (400).',
  maxBodyBytes: MAX_FLOW_BODY_BYTES,
  body: {
    schema: createFlowBody,
    malformed: MALFORMED_BODY,
    examples: {
      payment: {
        name: 'payment_flow',
        description: '支付流程',
        flow_type: 'payment',
        definition: '{"name":"payment_flow","tasks":[]}',
        create_user: 'admin',
      },
    },
  },
  answers: { 200: one('The flow') },
  refusals: {
    400: 'A field is missing or wrong, the definition has problems (all are named), or the name is that of another flow',
    413: TOO_LARGE,
  },
  fault: FAULT,
});

export const listFlows = defineOperation({
  id: 'listFlows',
  group: 'E',
  method: 'GET',
  path: '/api/v1/flows',
  summary: 'List flows',
  description: 'Newest first.',
  query: z.object(pageParameters).refine(isWithinReach, OUT_OF_REACH),
  answers: {
    200: pageOf(flowRowSchema, FLOW_ROW_EXAMPLE),
  },
  refusals: { 400: 'A parameter is wrong' },
  fault: FAULT,
});

export const getFlow = defineOperation({
  id: 'getFlow',
  group: 'E',
  method: 'GET',
  path: '/api/v1/flows/:id',
  summary: 'Read a flow',
  params: flowIdParams,
  query: versionQuery,
  answers: { 200: one('The flow') },
  refusals: { 400: 'The version is no number', 404: UNKNOWN_VERSION },
  fault: FAULT,
});

export const updateFlow = defineOperation({
  id: 'updateFlow',
  group: 'E',
  method: 'PUT',
  path: '/api/v1/flows/:id',
  summary: 'Change a flow',
  description:
    'What is absent stays. Another definition becomes the next version; transactions keep the version that they were started with.',
  maxBodyBytes: MAX_FLOW_BODY_BYTES,
  params: flowIdParams,
  body: {
    schema: updateFlowBody,
    malformed: MALFORMED_BODY,
    examples: { definition: { definition: '{"name":"payment_flow","tasks":[]}', updated_user: 'admin' } },
  },
  answers: { 200: one('The flow as it is now', { ...FLOW_EXAMPLE, version: 2, latest_version: 2 }) },
  refusals: {
    400: 'A field is wrong, the definition has problems (all are named), or the name is that of another flow',
    404: UNKNOWN,
    413: TOO_LARGE,
  },
  fault: FAULT,
});

export const deleteFlow = defineOperation({
  id: 'deleteFlow',
  group: 'E',
  method: 'DELETE',
  path: '/api/v1/flows/:id',
  summary: 'Delete a flow',
  params: flowIdParams,
  answers: {
    200: {
      description: 'It is deleted',
      schema: okOf(z.object({ flow_id: z.string(), deleted: z.literal(true) })),
      examples: { done: exampleOf({ flow_id: FLOW_EXAMPLE.id, deleted: true }) },
    },
  },
  refusals: { 400: 'A transaction of it has not ended', 404: UNKNOWN },
  fault: FAULT,
});

export const activateFlow = defineOperation({
  id: 'activateFlow',
  group: 'E',
  method: 'POST',
  path: '/api/v1/flows/:id/activate',
  summary: 'Let transactions of a flow be started',
  params: flowIdParams,
  answers: { 200: row('The flow', true) },
  refusals: { 404: UNKNOWN },
  fault: FAULT,
});

export const deactivateFlow = defineOperation({
  id: 'deactivateFlow',
  group: 'E',
  method: 'POST',
  path: '/api/v1/flows/:id/deactivate',
  summary: 'Let no transaction of a flow be started',
  description: 'Those that run go on.',
  params: flowIdParams,
  answers: { 200: row('The flow', false) },
  refusals: { 404: UNKNOWN },
  fault: FAULT,
});

export const rehearseFlow = defineOperation({
  id: 'rehearseFlow',
  group: 'E',
  method: 'POST',
  path: '/api/v1/flows/:id/rehearse',
  summary: 'Play a flow with a failure at every place',
  description: 'On the simulator: nothing outside is called.',
  params: flowIdParams,
  query: versionQuery,
  answers: {
    200: {
      description: 'For each failure where the transaction ends, and in which order it unwinds',
      schema: okOf(rehearsalSchema),
      examples: {
        one: exampleOf({
          flow_id: FLOW_EXAMPLE.id,
          version: 1,
          scenarios: [
            {
              failures: [{ task_id: 'notify', compensation: false, as: 'failed' }],
              turned_back_by_person: false,
              ends: 'compensated',
              executed: ['deduct', 'notify'],
              compensated: ['deduct'],
              left: [],
              exceptions: [],
            },
          ],
        }),
      },
    },
  },
  refusals: { 400: 'The version is no number', 404: UNKNOWN_VERSION },
  fault: FAULT,
});
