/** Where workers connect. */
import * as z from 'zod';
import { FAULT } from '../c-inputs.ts';
import { defineOperation } from '../operation.ts';
import { exampleOf, okOf } from './envelope.ts';

export const getTaskSocket = defineOperation({
  id: 'getTaskSocket',
  group: 'A',
  method: 'GET',
  path: '/api/v1/ws/task',
  summary: 'Tell where workers connect',
  description:
    'Where this path itself takes an upgrade to a WebSocket, as on a local stack, it is that socket. The frames are those of docs/worker-protocol.md.',
  answers: {
    200: {
      description: 'The address',
      schema: okOf(z.object({ url: z.string().meta({ description: 'Of the WebSocket' }) })),
      examples: { address: exampleOf({ url: 'wss://ws.example.com/prod' }) },
    },
  },
  refusals: {},
  fault: FAULT,
});
