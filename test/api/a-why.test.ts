/** Why a task is not running and a job does not fire, and where workers connect, over HTTP. */
import { beforeEach, describe, expect, it } from 'vitest';
import { aJob } from '../support/job-rows.ts';
import { aSession, NOW, runIn } from '../support/rows.ts';
import { createLogsWorld, type LogsWorld } from './a-logs-world.ts';

let world: LogsWorld;

beforeEach(() => {
  world = createLogsWorld();
});

const why = (id: string) => world.send(`GET /api/v1/task/${id}/why/`);

describe('GET /api/v1/task/{id}/why/', () => {
  it('tells what a waiting task lacks', async () => {
    world.runs.set('5', runIn('ready', { id: '5', needs: { tags: ['gpu'] } }));
    world.sessions.push(aSession());
    expect(await why('5')).toEqual({
      status: 200,
      body: {
        code: 0,
        message: 'ok',
        data: {
          reason: 'no_tag',
          message: 'Of the workers that could otherwise take it (worker-1), none has the tag gpu.',
          details: { pool: 'default', ready_since: '2030-01-01T00:00:00Z', tag: 'gpu', candidates: ['worker-1'] },
        },
      },
    });
  });

  it('counts those before it in its queue, by priority and due time', async () => {
    world.sessions.push(aSession({ q: 10 }));
    world.runs.set('5', runIn('ready', { id: '5' }));
    world.runs.set('6', runIn('ready', { id: '6', priority: 1, dueAt: NOW + 1_000 }));
    world.runs.set('7', runIn('ready', { id: '7', dueAt: NOW - 1_000 }));
    world.runs.set('8', runIn('ready', { id: '8', dueAt: NOW + 1_000 }));
    world.runs.set('9', runIn('ready', { id: '9', priority: 9, dueAt: NOW - 1_000 }));
    expect((await why('5')).body.data).toMatchObject({
      reason: 'all_full',
      details: { before: 2, more_before: false },
    });
    for (let id = 100; id < 130; id += 1) {
      world.runs.set(String(id), runIn('ready', { id: String(id), priority: 1 }));
    }
    expect((await why('5')).body.data).toMatchObject({ details: { before: 20, more_before: true } });
  });

  it('looks at no worker for a task that does not wait for one', async () => {
    world.runs.set('5', runIn('running', { id: '5' }));
    expect((await why('5')).body.data).toMatchObject({ reason: 'running', details: { worker: 'worker-1' } });
  });

  it('answers 404 for an unknown or deleted task, and 400 for what is no id', async () => {
    world.runs.set('5', runIn('ready', { id: '5', hidden: true }));
    expect([(await why('4')).status, (await why('5')).status, (await why('x')).status]).toEqual([404, 404, 400]);
  });
});

describe('GET /api/v1/cronjob/{id}/why/', () => {
  it('answers from the row and the last run', async () => {
    const last = `7.${NOW}`;
    world.runs.set(last, runIn('running', { id: last, job: '7' }));
    world.jobs.set('7', aJob({ id: '7', last, next: NOW + 60_000 }));
    expect((await world.send('GET /api/v1/cronjob/7/why')).body.data).toMatchObject({
      reason: 'blocked',
      message: expect.stringContaining(`Run ${last} has not ended`),
      details: { blocked_by: last, next_at: '2030-01-01T00:01:00Z' },
    });
  });

  it('answers 404 for an unknown job, and 400 for the id of a run', async () => {
    expect((await world.send('GET /api/v1/cronjob/8/why')).status).toBe(404);
    expect((await world.send(`GET /api/v1/cronjob/7.${NOW}/why`)).status).toBe(400);
  });
});

describe('GET /api/v1/ws/task/', () => {
  it('points to the socket, for who may connect', async () => {
    expect(await world.send('GET /api/v1/ws/task/', {}, 'worker-key')).toEqual({
      status: 200,
      body: { code: 0, message: 'ok', data: { url: 'wss://ws.example.com/prod' } },
    });
    expect((await world.send('GET /api/v1/ws/task/', {}, 'reader-key')).status).toBe(403);
  });
});
