import { describe, expect, it } from 'vitest';
import { taskSchema } from '../../../lib/contracts/http/task.ts';
import { createdTaskView, runStatusesOf, taskView } from '../../../lib/platform/http/handlers/task-view.ts';
import { aRun, NOW } from '../../support/fake-engine.ts';

/** As it goes out: keys without a value are gone. */
const shown = (...run: Parameters<typeof aRun>): Record<string, unknown> =>
  JSON.parse(JSON.stringify(taskSchema.parse(taskView(aRun(...run))))) as Record<string, unknown>;

describe('taskView', () => {
  it('shows a waiting task with the documented keys only', () => {
    expect(shown()).toEqual({
      id: 1,
      execute_at: '2030-01-01T01:00:00Z',
      task_type: 'send_email',
      payload: { to: 'user@example.com' },
      status: 'pending',
      attempts: 0,
      max_attempts: 3,
      created_at: '2030-01-01T00:00:00Z',
      updated_at: '2030-01-01T00:00:00Z',
    });
  });

  it.each([
    ['scheduled', 'pending'],
    ['ready', 'pending'],
    ['dispatched', 'processing'],
    ['running', 'processing'],
    ['succeeded', 'completed'],
    ['failed', 'failed'],
    ['timed_out', 'failed'],
    ['cancelled', 'cancelled'],
  ] as const)('calls %s %s', (status, word) => {
    expect(shown({ status, attempt: 1 })).toMatchObject({ status: word });
    expect(runStatusesOf(word)).toContain(status);
  });

  it('knows no run status for a word that is no task status', () => {
    for (const word of ['scheduled', 'PENDING', '', 'constructor', '__proto__']) {
      expect(runStatusesOf(word)).toEqual([]);
    }
  });

  it('asks for no skipped runs, which only jobs have', () => {
    expect(runStatusesOf('cancelled')).toEqual(['cancelled']);
  });

  it('shows how a person ended a task, and no error where that was a success', () => {
    const ended = { attempt: 1, worker: 'local', endedAt: NOW, reason: 'operator' } as const;
    expect(shown({ ...ended, status: 'failed', tries: 1 })).toMatchObject({ error_message: 'A person ended it' });
    const succeeded = shown({ ...ended, status: 'succeeded' });
    expect(succeeded).toMatchObject({ status: 'completed', attempt_history: [{ reason: 'operator' }] });
    expect(JSON.stringify(succeeded)).not.toContain('error');
  });

  it('shows a task that was not begun in time without an attempt', () => {
    const task = shown({ status: 'timed_out', reason: 'not_started', endedAt: NOW });
    expect(task).toMatchObject({ status: 'failed', attempts: 0, error_message: 'It was not begun in time' });
    expect(task).not.toHaveProperty('attempt_history');
  });

  it('shows what a person noted as the output in place of the worker’s', () => {
    expect(shown({ status: 'succeeded', attempt: 1, output: 'its own', notedOutput: 'by hand' }).output).toBe(
      'by hand',
    );
  });

  it('shows a completed task: tries begun, the end, and the attempt in its history', () => {
    const task = shown({
      status: 'succeeded',
      attempt: 3,
      dispatchedAt: NOW,
      tries: 1,
      worker: 'local',
      startedAt: NOW + 5,
      endedAt: NOW + 60_000,
      exitCode: 0,
      output: 'hello',
      history: [
        { attempt: 1, outcome: 'undelivered', worker: 'gone', endedAt: NOW },
        { attempt: 2, outcome: 'lost', reason: 'worker_lost', worker: 'dead', endedAt: NOW + 1 },
      ],
    });
    expect(task).toMatchObject({
      attempts: 2,
      completed_at: '2030-01-01T00:01:00Z',
      started_at: '2030-01-01T00:00:00.005Z',
      worker: 'local',
      exit_code: 0,
      output: 'hello',
    });
    expect(task).not.toHaveProperty('error_message');
    expect(task.attempt_history).toEqual([
      { attempt: 1, outcome: 'undelivered', worker: 'gone', ended_at: '2030-01-01T00:00:00Z' },
      {
        attempt: 2,
        outcome: 'lost',
        reason: 'worker_lost',
        worker: 'dead',
        ended_at: '2030-01-01T00:00:00.001Z',
        error: 'The worker was lost',
      },
      {
        attempt: 3,
        outcome: 'succeeded',
        worker: 'local',
        started_at: '2030-01-01T00:00:00.005Z',
        ended_at: '2030-01-01T00:01:00Z',
        exit_code: 0,
      },
    ]);
  });

  it("shows the last attempt's error while the next is waited for", () => {
    const task = shown({
      status: 'scheduled',
      attempt: 2,
      tries: 1,
      history: [
        { attempt: 1, outcome: 'failed', reason: 'handler_failed', error: 'exit code 1', endedAt: NOW },
        { attempt: 2, outcome: 'undelivered', endedAt: NOW },
      ],
    });
    expect(task).toMatchObject({ status: 'pending', attempts: 1, error_message: 'exit code 1' });
    expect(task).not.toHaveProperty('completed_at');
  });

  it('tells why a task failed, also when nobody left a text', () => {
    const ended = { attempt: 3, tries: 3, endedAt: NOW } as const;
    expect(shown({ ...ended, status: 'failed', reason: 'handler_failed', error: 'boom' })).toMatchObject({
      attempts: 3,
      error_message: 'boom',
      completed_at: '2030-01-01T00:00:00Z',
    });
    expect(shown({ ...ended, status: 'failed', reason: 'worker_lost' })).toMatchObject({
      error_message: 'The worker was lost',
      attempt_history: [{ outcome: 'lost' }],
    });
    expect(shown({ ...ended, status: 'timed_out', reason: 'timed_out' })).toMatchObject({
      status: 'failed',
      error_message: 'The attempt ran out of time',
      attempt_history: [{ outcome: 'timed_out' }],
    });
  });

  it('shows what proves the end of a cancelled task, and no completion', () => {
    const cancelled = { status: 'cancelled', attempt: 1, worker: 'local', endedAt: NOW } as const;
    expect(shown({ ...cancelled, evidence: { state: 'pending' } })).toMatchObject({
      attempts: 1,
      evidence: { state: 'pending' },
    });
    expect(shown({ ...cancelled, evidence: { state: 'exited', at: NOW, signal: 'SIGTERM' } }).evidence).toEqual({
      state: 'exited',
      at: '2030-01-01T00:00:00Z',
      signal: 'SIGTERM',
    });
    expect(shown({ ...cancelled, evidence: { state: 'abandoned', at: NOW } }).evidence).toEqual({
      state: 'none',
      at: '2030-01-01T00:00:00Z',
    });
    expect(shown({ ...cancelled, evidence: { state: 'pending' } })).not.toHaveProperty('completed_at');
  });

  it('shows a task cancelled before it ran with the documented keys only', () => {
    expect(Object.keys(shown({ status: 'cancelled', endedAt: NOW }))).toEqual(Object.keys(shown()));
  });

  it('prints the numbers of a payload as they were written', () => {
    expect(JSON.stringify(taskView(aRun({ payload: '{"id":12345678901234567890,"price":1.0}' })))).toContain(
      '"payload":{"id":12345678901234567890,"price":1.0}',
    );
  });
});

describe('createdTaskView', () => {
  it('shows the task as it was first stored, whatever has happened since', () => {
    const stored = aRun();
    const later = aRun({ status: 'running', attempt: 1, worker: 'local', startedAt: NOW + 1, updatedAt: NOW + 1 });
    expect(createdTaskView(later)).toEqual(createdTaskView(stored));
    expect(createdTaskView(later)).toEqual(taskView(stored));
  });
});
