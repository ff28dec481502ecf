/** API B: how the system stands. */
import * as z from 'zod';
import { FAULT } from '../c-inputs.ts';
import { envelope, exampleOf } from '../envelope.ts';
import { defineOperation } from '../operation.ts';

const connection = z.enum(['connected', 'disconnected']);
const healthData = z.object({
  status: z.enum(['healthy', 'unhealthy']),
  database: connection,
  message_queue: connection,
  uptime_seconds: z.int().min(0).meta({ description: 'Of the process that answers' }),
  version: z.string(),
});
const HEALTHY = {
  status: 'healthy',
  database: 'connected',
  message_queue: 'connected',
  uptime_seconds: 86_400,
  version: '1.0.0',
};

export const systemHealth = defineOperation({
  id: 'systemHealth',
  group: 'B',
  method: 'GET',
  path: '/api/health',
  summary: 'Tell whether the system is healthy',
  answers: {
    200: {
      description: 'It is',
      schema: envelope(200, '获取成功', healthData),
      examples: { healthy: exampleOf(200, '获取成功', HEALTHY) },
    },
    503: {
      description: 'Something that it stands on does not answer within a second',
      schema: z.object({
        success: z.literal(false),
        code: z.literal(503),
        message: z.string(),
        data: healthData,
        timestamp: z.string().meta({ format: 'date-time' }),
      }),
      examples: {
        queue: {
          success: false,
          code: 503,
          message: '服务不可用',
          data: { ...HEALTHY, status: 'unhealthy', message_queue: 'disconnected' },
          timestamp: '2030-01-01T00:00:00Z',
        },
      },
    },
  },
  refusals: {},
  fault: FAULT,
});

const count = z.int().min(0);

export const systemStatus = defineOperation({
  id: 'systemStatus',
  group: 'B',
  method: 'GET',
  path: '/api/system/status',
  summary: 'Sum up tasks, workers and runs',
  description: 'Counts may lag by some seconds.',
  answers: {
    200: {
      description: 'How it stands',
      schema: envelope(
        200,
        '获取成功',
        z.object({
          tasks: z.object({
            total: count,
            active: count,
            paused: count,
            running: count.meta({ description: 'Runs of tasks that are with a worker' }),
          }),
          workers: z.object({ total: count, online: count, offline: count }),
          runs_today: count.meta({ description: 'Created since midnight, UTC' }),
          success_rate: z
            .number()
            .min(0)
            .max(100)
            .meta({ description: 'Percent of the runs that ended in the last 24 h; 100 when none did' }),
        }),
      ),
      examples: {
        status: exampleOf(200, '获取成功', {
          tasks: { total: 150, active: 120, paused: 20, running: 10 },
          workers: { total: 5, online: 4, offline: 1 },
          runs_today: 450,
          success_rate: 98.5,
        }),
      },
    },
  },
  refusals: {},
  fault: FAULT,
});
