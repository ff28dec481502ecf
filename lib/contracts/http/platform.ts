/** Operations of the platform itself: its health, and what a worker fetches over HTTPS. */
import * as z from 'zod';
import { isRunId } from '../../domain/ids.ts';
import { defineOperation } from './operation.ts';

const healthBody = z.object({
  code: z.literal(0),
  message: z.literal('success'),
  data: z.object({ status: z.literal('ok') }),
});

export const health = defineOperation({
  id: 'health',
  group: 'platform',
  method: 'GET',
  path: '/health',
  summary: 'Tell that the API answers',
  headers: z.object({ accept: z.string().optional() }),
  answers: {
    200: {
      description: 'JSON, or plain text where Accept prefers it',
      schema: healthBody,
      examples: { ok: { code: 0, message: 'success', data: { status: 'ok' } } },
      text: 'OK',
    },
  },
  refusals: {},
  fault: 'Internal server error',
});

export const downloadPayload = defineOperation({
  id: 'downloadPayload',
  group: 'platform',
  method: 'GET',
  path: '/api/runs/:id/payload',
  summary: "Fetch a run's payload",
  description:
    'For workers, when a payload is too large for a WebSocket frame. It comes as it was stored, without an envelope.',
  params: z.object({ id: z.string().refine(isRunId, 'Invalid run ID') }),
  answers: {
    200: { description: 'The payload', schema: z.unknown(), examples: { email: { to: 'user@example.com' } } },
  },
  refusals: { 400: 'The id is not a run id', 404: 'There is no such run' },
  fault: 'Failed to read the payload',
});
