/** Operations of the platform itself: its health, and what a worker fetches over HTTPS. */
import * as z from 'zod';
import { isRunId, parseStepRunId } from '../../domain/ids.ts';
import { MAX_OUTPUT_PIECE_BYTES, MAX_OUTPUT_PIECES } from '../limits.ts';
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

const anyRunId = z.string().refine((id) => isRunId(id) || parseStepRunId(id) !== undefined, 'Invalid run ID');

export const downloadPayload = defineOperation({
  id: 'downloadPayload',
  group: 'platform',
  method: 'GET',
  path: '/api/runs/:id/payload',
  summary: "Fetch a run's payload",
  description:
    'For workers, when a payload is too large for a WebSocket frame. It comes as it was stored, without an envelope.',
  params: z.object({ id: anyRunId }),
  answers: {
    200: { description: 'The payload', schema: z.unknown(), examples: { email: { to: 'user@example.com' } } },
  },
  refusals: { 400: 'The id is not a run id', 404: 'There is no such run' },
  fault: 'Failed to read the payload',
});

export const storeOutput = defineOperation({
  id: 'storeOutput',
  group: 'platform',
  method: 'PUT',
  path: '/api/runs/:id/output',
  summary: 'Bring a piece of a long output',
  description:
    'For workers, when the output of a step of a transaction is too long for a result. The result that follows says how many pieces there are.',
  params: z.object({ id: anyRunId }),
  query: z.object({
    attempt: z.coerce.number('Invalid attempt').int('Invalid attempt').min(1, 'Invalid attempt'),
  }),
  body: {
    schema: z.object({
      piece: z
        .int('piece must be a whole number')
        .min(0, 'piece must be at least 0')
        .max(MAX_OUTPUT_PIECES - 1, `piece must be at most ${MAX_OUTPUT_PIECES - 1}`)
        .meta({ description: 'Its number, from 0' }),
      text: z
        .string('text must be a string')
        .min(1, 'text must not be empty')
        .refine(
          (text) => Buffer.byteLength(text) <= MAX_OUTPUT_PIECE_BYTES,
          `text must have at most ${MAX_OUTPUT_PIECE_BYTES} bytes`,
        ),
    }),
    malformed: 'Invalid request body',
    examples: { first: { piece: 0, text: '{"rows":[' } },
  },
  // A control character takes six bytes as JSON.
  maxBodyBytes: 6 * MAX_OUTPUT_PIECE_BYTES + 1_024,
  answers: { 204: { description: 'It is kept' } },
  refusals: {
    400: 'The id is not a run id, or the piece is not as described',
    404: 'There is no such run of a step',
    409: 'The attempt is not in flight any more',
  },
  fault: 'Failed to store the output',
});
