/** API A: what runs here. */
import * as z from 'zod';
import { FAULT } from '../c-inputs.ts';
import { defineOperation } from '../operation.ts';

export const root = defineOperation({
  id: 'root',
  group: 'A',
  method: 'GET',
  path: '/',
  summary: 'Tell what runs here',
  answers: {
    200: {
      description: 'Name, version and that it runs',
      schema: z.object({ message: z.string(), version: z.string(), status: z.literal('running') }),
      examples: { running: { message: 'Cronsaga API Server', version: '1.0.0', status: 'running' } },
    },
  },
  refusals: {},
  fault: FAULT,
});
