/** API A: health. Public: no more than its document names. */
import * as z from 'zod';
import { FAULT } from '../c-inputs.ts';
import { defineOperation } from '../operation.ts';
import { exampleOf, okOf } from './envelope.ts';

const instant = z.string().meta({ format: 'date-time' });

const service = z.object({
  status: z.enum(['ok', 'error']),
  latency: z.number().min(0).meta({ description: 'Milliseconds' }),
  timestamp: instant,
});

const data = <const S extends 'ok' | 'degraded'>(status: S) =>
  z.object({
    status: z.literal(status),
    services: z.object({ dynamodb: service, sqs: service }),
    workers: z
      .record(
        z.string(),
        z.object({ id: z.string(), name: z.string(), is_active: z.boolean(), last_active: instant.nullable() }),
      )
      .meta({ description: 'Those that are connected, by id; at most 100' }),
    metrics: z.object({
      websocket_clients: z.int().min(0).meta({ description: 'Workers that are connected' }),
      pending_tasks: z.int().min(0).meta({ description: 'Runs that wait' }),
    }),
    timestamp: instant,
  });

const AT = '2030-01-01T00:00:00Z';
const UP = { status: 'ok', latency: 4, timestamp: AT };
const REST = {
  workers: { 'worker-001': { id: 'worker-001', name: 'worker-node-1', is_active: true, last_active: AT } },
  metrics: { websocket_clients: 1, pending_tasks: 0 },
  timestamp: AT,
};

export const healthOfServices = defineOperation({
  id: 'healthOfServices',
  group: 'A',
  method: 'GET',
  path: '/api/v1/health',
  summary: 'Tell how the services stand that everything stands on',
  answers: {
    200: {
      description: 'They answer',
      schema: okOf(data('ok')),
      examples: { ok: exampleOf({ status: 'ok', services: { dynamodb: UP, sqs: UP }, ...REST }) },
    },
    503: {
      description: 'One of them does not answer within a second',
      schema: z.object({ code: z.literal(503), message: z.literal('degraded'), data: data('degraded') }),
      examples: {
        degraded: {
          code: 503,
          message: 'degraded',
          data: {
            status: 'degraded',
            services: { dynamodb: UP, sqs: { status: 'error', latency: 1_000, timestamp: AT } },
            ...REST,
          },
        },
      },
    },
  },
  refusals: {},
  fault: FAULT,
});
