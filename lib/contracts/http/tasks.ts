/** API D: tasks for an instant. No envelope; errors are `{"error": "…"}`. */
import * as z from 'zod';
import { defineOperation } from './operation.ts';
import { type Task, taskSchema } from './task.ts';
import { createTaskBody, createTaskHeaders, listTasksQuery, MALFORMED_BODY, taskIdParams } from './task-inputs.ts';

const EMAIL = { to: 'user@example.com', subject: 'Напоминание' };

const pendingTask: Task = {
  id: 1,
  execute_at: '2025-11-10T15:00:00Z',
  task_type: 'send_email',
  payload: EMAIL,
  status: 'pending',
  attempts: 0,
  max_attempts: 3,
  created_at: '2025-11-10T10:00:00Z',
  updated_at: '2025-11-10T10:00:00Z',
};
const completedTask: Task = {
  ...pendingTask,
  status: 'completed',
  attempts: 1,
  updated_at: '2025-11-10T15:01:00Z',
  completed_at: '2025-11-10T15:01:00Z',
};
const cancelledTask: Task = { ...pendingTask, status: 'cancelled', updated_at: '2025-11-10T10:05:00Z' };

const oneTask = z.object({ task: taskSchema });

export const createTask = defineOperation({
  id: 'createTask',
  group: 'D',
  method: 'POST',
  path: '/api/v1/tasks',
  summary: 'Create a task',
  description: 'The answer shows the task as it was first stored, also when it is executed at once.',
  headers: createTaskHeaders,
  body: {
    schema: createTaskBody,
    malformed: MALFORMED_BODY,
    examples: {
      email: { execute_at: '2025-11-10T15:00:00Z', task_type: 'send_email', payload: EMAIL, max_attempts: 3 },
    },
  },
  answers: { 201: { description: 'The task', schema: oneTask, examples: { pending: { task: pendingTask } } } },
  refusals: {
    400: 'A field is missing or wrong, or execute_at is not in the future',
    409: 'The Idempotency-Key was used for another task',
  },
  fault: 'Failed to create task',
});

export const getTask = defineOperation({
  id: 'getTask',
  group: 'D',
  method: 'GET',
  path: '/api/v1/tasks/:id',
  summary: 'Read a task',
  params: taskIdParams,
  answers: { 200: { description: 'The task', schema: oneTask, examples: { completed: { task: completedTask } } } },
  refusals: { 400: 'The id is not a task id', 404: 'There is no such task' },
  fault: 'Failed to get task',
});

export const cancelTask = defineOperation({
  id: 'cancelTask',
  group: 'D',
  method: 'DELETE',
  path: '/api/v1/tasks/:id',
  summary: 'Cancel a task',
  description: 'A pending or processing task. What is processed gets SIGTERM, and SIGKILL 10 s later.',
  params: taskIdParams,
  answers: { 200: { description: 'The task', schema: oneTask, examples: { cancelled: { task: cancelledTask } } } },
  refusals: { 400: 'The id is not a task id', 404: 'There is no such task, or it has ended' },
  fault: 'Failed to cancel task',
});

const taskList = z.object({
  tasks: z.array(taskSchema).meta({ description: 'Newest first, by creation' }),
  total: z.int().min(0).meta({ description: 'All that match; may lag by 5 s' }),
  next_cursor: z.string().optional().meta({ description: 'Where the next page begins; absent on the last' }),
  partial: z.literal(true).optional().meta({ description: 'The page stopped short of limit; go on with next_cursor' }),
});

const smallTask = { ...pendingTask, payload: { to: 'user@example.com' } };
const smsTask: Task = {
  ...pendingTask,
  id: 2,
  execute_at: '2025-11-10T16:00:00Z',
  task_type: 'send_sms',
  payload: { phone: '+1234567890' },
  created_at: '2025-11-10T10:01:00Z',
  updated_at: '2025-11-10T10:01:00Z',
};

export const listTasks = defineOperation({
  id: 'listTasks',
  group: 'D',
  method: 'GET',
  path: '/api/v1/tasks',
  summary: 'List tasks',
  query: listTasksQuery,
  answers: {
    200: { description: 'One page', schema: taskList, examples: { page: { tasks: [smsTask, smallTask], total: 150 } } },
  },
  refusals: { 400: 'A paging parameter is wrong' },
  fault: 'Failed to list tasks',
});
