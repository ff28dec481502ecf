import { describe, expect, it } from 'vitest';
import type { JsonObject, StepType } from '../../../lib/domain/flow/flow.ts';
import { readOutput } from '../../../lib/domain/flow/read-output.ts';
import { type RunWork, toWork } from '../../../lib/domain/flow/to-work.ts';
import { NOW } from '../../support/rows.ts';
import { someWork } from './flows-of.ts';

const RUN = '4611686018427904~deduct~1';
const DAY_MS = 86_400_000;

type Given = { readonly config?: JsonObject; readonly params?: JsonObject; readonly timeoutMs?: number };

const tryWork = (type: StepType, { config = {}, params = {}, timeoutMs = 30_000 }: Given) =>
  toWork(someWork({ type, config, timeoutMs }), { taskName: 'deduct', config, params, run: RUN, now: NOW });
const workOf = (type: StepType, given: Given): RunWork => {
  const made = tryWork(type, given);
  if ('problem' in made) {
    throw new Error(made.problem);
  }
  return made;
};
const bodyOf = ({ payload }: RunWork): unknown => {
  const body = typeof payload === 'object' && payload !== null && 'body' in payload ? payload.body : undefined;
  return typeof body === 'string' ? JSON.parse(body) : body;
};
const common = { executeAt: NOW, timeoutMs: 30_000 };

describe('a step of type worker', () => {
  it('is executed by the handler of its task, with the parameters, and what the flow fixes over them', () => {
    expect(workOf('worker', { config: { service: 'pay', amount: 1 }, params: { amount: 100, order: 7 } })).toEqual({
      ...{ ...common, handler: 'deduct', pool: 'default' },
      payload: { service: 'pay', amount: 1, order: 7 },
    });
  });

  it('is executed by the handler and the pool that it names', () => {
    expect(workOf('worker', { config: { handler: 'shell', pool: 'eu', command: 'ls' } })).toEqual({
      ...{ ...common, handler: 'shell', pool: 'eu' },
      payload: { command: 'ls' },
    });
  });
});

describe('a step of type http', () => {
  const url = 'https://example.com/pay';

  it('posts the parameters as JSON, with a key that tells repetitions', () => {
    const work = workOf('http', { config: { url }, params: { amount: 100 } });
    expect(work).toEqual({
      ...{ ...common, handler: 'http', pool: 'lambda' },
      payload: {
        ...{ url, method: 'POST', body: '{"amount":100}' },
        headers: { 'Idempotency-Key': RUN, 'content-type': 'application/json' },
      },
    });
  });

  it.each<[string, JsonObject, JsonObject, unknown]>([
    ['its own body over the parameters', { body: { a: 1, b: 1 } }, { b: 2, c: 3 }, { a: 1, b: 1, c: 3 }],
    ['its own body, which is no object, and no parameters', { body: [1] }, { b: 2 }, [1]],
    ['its own text, and no other', { body: '"fixed"' }, { body: { b: 2 } }, 'fixed'],
    ['its own body over that among the parameters', { body: { a: 1 } }, { body: { a: 2, b: 2 } }, { a: 1, b: 2 }],
    ['its own body in place of a text', { body: { a: 1 } }, { body: '[2]' }, { a: 1 }],
    ['the body among the parameters', {}, { body: '[2]', other: 1 }, [2]],
    ['that body as JSON', {}, { body: { c: 3 } }, { c: 3 }],
  ])('sends %s', (_case, config, params, body) => {
    expect(bodyOf(workOf('http', { config: { url, ...config }, params }))).toEqual(body);
  });

  it('sends no body without parameters, nor with a GET', () => {
    for (const given of [
      { config: { url } },
      { config: { url, method: 'get' }, params: { a: 1 } },
      { config: { url, body: null }, params: { a: 1 } },
    ]) {
      expect(bodyOf(workOf('http', given))).toBeUndefined();
      expect(workOf('http', given).payload).toMatchObject({ headers: { 'Idempotency-Key': RUN } });
    }
  });

  it('keeps the headers that it was given', () => {
    const headers = { 'idempotency-key': 'mine', 'Content-Type': 'text/plain', 'x-a': 'b' };
    expect(workOf('http', { config: { url, headers, pool: 'onsite' }, params: { body: 'hello' } })).toMatchObject({
      pool: 'onsite',
      payload: { headers, body: 'hello' },
    });
    const { payload } = workOf('http', { config: { url, headers }, params: { body: 'hello' } });
    expect(payload).toEqual({ url, method: 'POST', headers, body: 'hello' });
  });

  it('sends numbers and flags in headers as text', () => {
    const config = { url, headers: { 'x-order': 42, 'x-big': readOutput('3735006524632641234'), 'x-flag': true } };
    expect(workOf('http', { config }).payload).toMatchObject({
      headers: { 'x-order': '42', 'x-big': '3735006524632641234', 'x-flag': 'true' },
    });
    expect(tryWork('http', { config: { url, headers: { 'x-list': [1] } } })).toHaveProperty('problem');
  });

  it('keeps every digit of a number', () => {
    const params = readOutput('{"order_id": 3735006524632641234}') as JsonObject;
    expect(workOf('http', { config: { url }, params }).payload).toMatchObject({
      body: '{"order_id":3735006524632641234}',
    });
  });
});

describe('a step of type rpc', () => {
  it('posts method and parameters to the service', () => {
    const work = workOf('rpc', {
      config: { service: 'payment-service:8080', method: 'deduct', params: { amount: 1 } },
      params: { amount: 100, order_id: 7 },
    });
    expect(work).toMatchObject({
      ...{ handler: 'http', pool: 'lambda' },
      payload: {
        ...{ url: 'http://payment-service:8080/rpc', method: 'POST' },
        headers: { 'Idempotency-Key': RUN, 'content-type': 'application/json' },
      },
    });
    expect(bodyOf(work)).toEqual({ method: 'deduct', params: { order_id: 7, amount: 1 } });
  });

  it.each(['evil.com/x?', 'user@host', 'host:port', '', 'a b'])('does not call "%s", which is no host', (service) => {
    expect(tryWork('rpc', { config: { service, method: 'deduct' } })).toEqual({
      problem: 'config.service must be a host name, with a port where it is not 80',
    });
  });
});

describe('a step of type queue', () => {
  it('sends the parameters, with the run that tells repetitions', () => {
    const given = { config: { queue: 'demo', body: { a: 1 } }, params: { b: 2 } };
    expect(workOf('queue', given)).toEqual({
      ...{ ...common, handler: 'queue', pool: 'lambda' },
      payload: { queue: 'demo', body: { a: 1, b: 2 }, run: RUN },
    });
  });
});

describe('a step of type flow', () => {
  it('waits for the transaction that it starts', () => {
    const given = { config: { flow_id: '77', params: { a: { x: 1 } } }, params: { b: { y: 2 } }, timeoutMs: DAY_MS };
    expect(workOf('flow', given)).toEqual({
      ...{ ...common, handler: 'flow', pool: 'lambda', payload: { flow_id: '77' } },
      waitsUntil: NOW + DAY_MS,
      child: { flow: '77', params: { a: { x: 1 }, b: { y: 2 } } },
    });
  });
});

describe('a step of type wait', () => {
  const wait = { ...common, handler: 'wait', pool: 'lambda', payload: {} };
  const at = (ms: number) => new Date(NOW + ms).toISOString();

  it.each<[string, JsonObject, Partial<RunWork>]>([
    ['an instant', { until: at(DAY_MS) }, { executeAt: NOW + DAY_MS }],
    ['an instant that is over', { until: at(-DAY_MS) }, { executeAt: NOW }],
    ['so many seconds', { seconds: 1.5 }, { executeAt: NOW + 1_500 }],
    ['a signal', { signal: true }, { waitsUntil: NOW + 2 * DAY_MS }],
    ['a signal or an instant', { signal: true, seconds: 60 }, { executeAt: NOW + 60_000 }],
  ])('waits for %s', (_case, config, expected) => {
    expect(workOf('wait', { config, timeoutMs: 2 * DAY_MS })).toEqual({ ...wait, ...expected });
  });

  it('does not wait for centuries', () => {
    expect(tryWork('wait', { config: { until: at(400 * DAY_MS) } })).toEqual({
      problem: 'config.until is more than 366 days ahead',
    });
  });
});

describe('what a reference turned out to be', () => {
  it.each<[StepType, JsonObject, string]>([
    ['http', { url: 42 }, 'config.url must be an http or https address'],
    ['http', { url: 'file:///etc/passwd' }, 'config.url must be an http or https address'],
    ['http', { url: '$.a.output' }, 'config.url must be an http or https address'],
    [
      'http',
      { url: 'http://a', headers: { 'x-a': 'b\r\nx-c: d' } },
      'config.headers must be an object of header names',
    ],
    ['queue', { queue: '../other' }, 'config.queue must be the name of an allowed queue'],
    ['flow', { flow_id: 'x' }, 'config.flow_id must be the id of a flow'],
    ['wait', { until: 'tomorrow' }, 'config.until must be an RFC 3339 instant'],
    ['rpc', { service: 'a', method: '' }, 'config.method must be a text'],
  ])('is checked: %s %j', (type, config, problem) => {
    expect(tryWork(type, { config })).toMatchObject({ problem: expect.stringContaining(problem) });
  });

  it('may be too large for a run', () => {
    expect(tryWork('worker', { params: { text: 'x'.repeat(256 * 1024) } })).toMatchObject({
      problem: expect.stringContaining('refer to less of the earlier outputs'),
    });
  });
});
