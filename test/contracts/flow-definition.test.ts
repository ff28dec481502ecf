import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readDefinition, readStoredDefinition } from '../../lib/contracts/flow-definition.ts';
import type { FlowDefinition } from '../../lib/domain/flow/flow.ts';

type Task = Readonly<Record<string, unknown>>;

const read = (...tasks: readonly unknown[]) => readDefinition(JSON.stringify({ tasks }));
const accepted = (...tasks: readonly Task[]): FlowDefinition => {
  const { definition, problems } = read(...tasks);
  if (definition === undefined) {
    throw new Error(problems.join('\n'));
  }
  return definition;
};
const refund = { config: { handler: 'refund' } };

describe('a definition', () => {
  it('may have no tasks, and be text or an object', () => {
    const empty = { definition: { steps: [], twoPersons: false }, problems: [], warnings: [] };
    expect(readDefinition('{"name":"payment_flow","tasks":[]}')).toEqual(empty);
    expect(readDefinition({ name: 'payment_flow', tasks: [] })).toEqual(empty);
  });

  it('needs an id for each task, and has defaults for the rest', () => {
    expect(
      accepted({ id: 'deduct', description: null, depends_on: null, config: null, retry: null, when: null }),
    ).toEqual({
      steps: [
        {
          ...{ id: 'deduct', taskName: 'deduct', description: 'deduct', dependsOn: [], pivot: false },
          ...{ type: 'worker', config: {}, timeoutMs: 300_000 },
          retry: { strategy: 'manual', maxAttempts: 3, intervalMs: 60_000, backoff: 1 },
        },
      ],
      twoPersons: false,
    });
  });

  it('is read with all that it may have', () => {
    const text = JSON.stringify({
      two_person_approval: true,
      tasks: [
        {
          id: 'reserve',
          type: 'queue',
          config: { queue: 'demo' },
          compensate: { type: 'http', config: { url: 'http://a/undo' } },
        },
        {
          ...{ id: 'deduct', task_name: 'account.deduct', description: '扣款', type: 'rpc', timeout: 5, pivot: true },
          ...{
            depends_on: ['reserve', 'reserve'],
            config: { service: 'pay', method: 'deduct', params: { r: '$.reserve.output.id' } },
          },
          retry: { strategy: 'auto', max_attempts: 5, interval: 0.5, backoff: 2 },
          when: {
            all: [{ path: '$.params.deduct.amount', greater: 0 }, { not: { path: '$.reserve.output', exists: false } }],
          },
        },
      ],
    });
    const { definition, problems } = readDefinition(text);
    expect(problems).toEqual([]);
    expect(definition).toEqual({
      twoPersons: true,
      steps: [
        {
          ...{ id: 'reserve', taskName: 'reserve', description: 'reserve', dependsOn: [], pivot: false },
          ...{ type: 'queue', config: { queue: 'demo' }, timeoutMs: 30_000 },
          retry: { strategy: 'manual', maxAttempts: 3, intervalMs: 60_000, backoff: 1 },
          compensate: {
            ...{ type: 'http', config: { url: 'http://a/undo' }, timeoutMs: 30_000 },
            retry: { strategy: 'auto', maxAttempts: 3, intervalMs: 60_000, backoff: 1 },
          },
        },
        {
          ...{ id: 'deduct', taskName: 'account.deduct', description: '扣款', dependsOn: ['reserve'], pivot: true },
          ...{ type: 'rpc', timeoutMs: 5_000 },
          config: { service: 'pay', method: 'deduct', params: { r: '$.reserve.output.id' } },
          retry: { strategy: 'auto', maxAttempts: 5, intervalMs: 500, backoff: 2 },
          when: {
            all: [
              { path: '$.params.deduct.amount', op: 'greater', value: 0 },
              { not: { path: '$.reserve.output', op: 'exists', value: false } },
            ],
          },
        },
      ],
    });
  });

  it.each<[Task, number]>([
    [{ type: 'http', config: { url: 'http://a' } }, 30_000],
    [{ type: 'queue', config: { queue: 'demo' } }, 30_000],
    [{ type: 'worker' }, 300_000],
    [{ type: 'worker', config: { pool: 'lambda', handler: 'http' } }, 280_000],
    [{ type: 'http', config: { url: 'http://a', pool: 'onsite' }, timeout: 3_600 }, 3_600_000],
    [{ type: 'wait', config: { signal: true } }, 30 * 86_400_000],
    [{ type: 'flow', config: { flow_id: '77' }, timeout: 366 * 86_400 }, 366 * 86_400_000],
  ])('gives %j its time', (fields, timeoutMs) => {
    expect(accepted({ id: 'a', ...fields }).steps[0]?.timeoutMs).toBe(timeoutMs);
  });

  it('undoes a task by what the task is of, where nothing else is said', () => {
    const [step] = accepted({
      ...{ id: 'a', type: 'rpc', config: { service: 's', method: 'deduct' } },
      compensate: { config: { service: 's', method: 'refund', params: { id: '$.a.output.id' } } },
    }).steps;
    expect(step?.compensate?.type).toBe('rpc');
  });

  it('keeps every digit of a number in a configuration, and takes 2.0 for 2', () => {
    const [step] =
      readDefinition(
        '{"tasks":[{"id":"a","config":{"n":12345678901234567890},"retry":{"backoff":2.0,"max_attempts":3.0}}]}',
      ).definition?.steps ?? [];
    expect(JSON.stringify(step?.config)).toBe('{"n":12345678901234567890}');
    expect(step?.retry).toMatchObject({ backoff: 2, maxAttempts: 3 });
  });
});

describe('a definition is refused', () => {
  it.each<[string, unknown, string]>([
    ['that is no JSON', '{"tasks": [', 'the definition is no JSON'],
    ['that is no object', '[]', 'definition: must be an object'],
    ['that is nothing', undefined, 'definition: must be an object'],
    ['without tasks', '{}', 'definition: tasks is required: a list of tasks'],
    ['with tasks that are no list', '{"tasks":{}}', 'definition: tasks is required'],
    ['with what there is not', '{"tasks":[],"steps":[]}', 'definition: has "steps", which there is not'],
    ['of 400 KB', JSON.stringify({ tasks: [], description: 'x'.repeat(400_000) }), 'may have 131072 bytes at the most'],
    [
      'nested deep',
      `{"tasks":[{"id":"a","config":{"x":${'['.repeat(50_000)}${']'.repeat(50_000)}}}]}`,
      '32 levels deep',
    ],
    ['of half a character', `{"tasks":[],"name":"${String.fromCharCode(0xd800)}"}`, 'half a character'],
  ])('%s', (_case, given, problem) => {
    const { definition, problems } = readDefinition(given);
    expect(definition).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it.each<[string, readonly unknown[], string]>([
    [
      '101 tasks',
      Array.from({ length: 101 }, (_, at) => ({ id: `t${at}` })),
      'a flow may have 100 tasks at the most, and this one has 101',
    ],
    ['an id used twice', [{ id: 'a' }, { id: 'a' }], 'task "a": the id is used twice'],
    [
      'an unknown dependency',
      [{ id: 'a', depends_on: ['b'] }],
      'task "a": depends_on names "b", and there is no such task',
    ],
    ['a task that depends on itself', [{ id: 'a', depends_on: ['a'] }], 'task "a": depends_on names the task itself'],
    [
      'a cycle of two',
      [
        { id: 'a', depends_on: ['b'] },
        { id: 'b', depends_on: ['a'] },
      ],
      'depends_on goes in a circle: a → b → a',
    ],
    [
      'a cycle of fifty',
      Array.from({ length: 50 }, (_, at) => ({ id: `t${at}`, depends_on: [`t${(at + 1) % 50}`] })),
      '→ … → t0 (50 tasks)',
    ],
    [
      'an unknown type',
      [{ id: 'a', type: 'mq' }],
      'task "a": type must be one of http, rpc, queue, worker, flow, wait',
    ],
    ['no id', [{}], 'tasks[0]: id is required'],
    ['an id with odd characters', [{ id: 'a.b' }], 'tasks[0]: id must be 1 to 50 letters'],
    ['an id of 51 characters', [{ id: 'x'.repeat(51) }], 'tasks[0]: id must be 1 to 50 letters'],
    ['the id params', [{ id: 'params' }], 'task "params": the id is reserved'],
    ['the id constructor', [{ id: 'constructor' }], 'the id is reserved'],
    ['the id __proto__', [{ id: '__proto__' }], 'the id is reserved'],
    [
      'a misspelt member',
      [{ id: 'b' }, { id: 'a', dependson: ['b'] }],
      'task "a": has "dependson", which there is not',
    ],
    ['a task that is no object', ['a'], 'tasks[0]: must be an object'],
    [
      'max_attempts of 0',
      [{ id: 'a', retry: { max_attempts: 0 } }],
      'retry.max_attempts must be a whole number from 1 to 100',
    ],
    ['max_attempts as text', [{ id: 'a', retry: { max_attempts: '3' } }], 'retry.max_attempts must be'],
    [
      'a negative interval',
      [{ id: 'a', retry: { interval: -1 } }],
      'retry.interval must be a number from 0 to 86400 (seconds)',
    ],
    [
      'an unknown strategy',
      [{ id: 'a', retry: { strategy: 'never' } }],
      'retry.strategy must be one of manual, auto, no_retry',
    ],
    ['a timeout of 0', [{ id: 'a', timeout: 0 }], 'timeout must be a number from 0.1'],
    [
      'a long request',
      [{ id: 'a', type: 'http', config: { url: 'http://a' }, timeout: 300 }],
      'timeout must be at most 280 s',
    ],
    ['http without url', [{ id: 'a', type: 'http' }], 'task "a": config.url is required'],
    ['rpc without service', [{ id: 'a', type: 'rpc', config: { method: 'm' } }], 'config.service is required'],
    ['queue without queue', [{ id: 'a', type: 'queue' }], 'config.queue is required'],
    ['flow without flow_id', [{ id: 'a', type: 'flow' }], 'config.flow_id is required'],
    ['a wait for nothing', [{ id: 'a', type: 'wait' }], 'config needs until, seconds or "signal": true'],
    [
      'a wait for two instants',
      [{ id: 'a', type: 'wait', config: { seconds: 1, until: '2030-01-01T00:00:00Z' } }],
      'choose one',
    ],
    [
      'a misspelt setting',
      [{ id: 'a', type: 'http', config: { url: 'http://a', headrs: {} } }],
      'config.headrs: there is no such setting',
    ],
    [
      'a pool that varies',
      [{ id: 'b' }, { id: 'a', depends_on: ['b'], config: { pool: '$.b.output' } }],
      'config.pool must be a name',
    ],
    [
      'a handler that the function lacks',
      [{ id: 'a', config: { pool: 'lambda', handler: 'shell' } }],
      '"lambda" executes only',
    ],
    ['a task name that is no handler', [{ id: 'a', task_name: 'x'.repeat(60) }], 'config.handler is required'],
    ['an undo that would do it again', [{ id: 'a', compensate: {} }], 'compensate: config.handler is required'],
    [
      'an undo that waits',
      [{ id: 'a', compensate: { type: 'wait', config: { seconds: 1 } } }],
      'compensate: type must be another than wait',
    ],
    ['an undo without its url', [{ id: 'a', compensate: { type: 'http' } }], 'compensate: config.url is required'],
    [
      'a reference to what does not come before',
      [{ id: 'b' }, { id: 'a', config: { x: '$.b.output' } }],
      'refers to "b", which is no task that comes before',
    ],
    [
      'a reference to itself',
      [{ id: 'a', config: { x: '$.a.output' } }],
      'refers to "a", which is no task that comes before',
    ],
    [
      'a reference to no output',
      [{ id: 'b' }, { id: 'a', depends_on: ['b'], config: { x: ['$.b.result'] } }],
      'must go on with .output',
    ],
    [
      'a reference that is none',
      [{ id: 'a', config: { x: '$.b.output[*]' } }],
      'is no reference; write "$$.b.output[*]"',
    ],
    ['a reference into the id', [{ id: 'a', config: { x: '$.instance_id.x' } }], '$.instance_id is a text'],
    [
      'a condition on what comes later',
      [{ id: 'a', when: { path: '$.b.output', equals: 1 } }, { id: 'b' }],
      'when: "$.b.output" refers to "b"',
    ],
    ['a condition of no form', [{ id: 'a', when: '$.b.output' }], 'task "a": when must be {"path"'],
    [
      'a condition with two comparisons',
      [{ id: 'a', when: { path: '$.params', equals: 1, less: 2 } }],
      'when must be {"path"',
    ],
    ['an empty all', [{ id: 'a', when: { any: [{ all: [] }] } }], 'task "a": when.any[0].all must be a list'],
    [
      'exists with no flag',
      [{ id: 'a', when: { not: { path: '$.params', exists: 1 } } }],
      'when.not.exists must be true or false',
    ],
    ['in without a list', [{ id: 'a', when: { path: '$.params', in: 'x' } }], 'when.in must be a list'],
    [
      'a condition whose path is none',
      [{ id: 'a', when: { path: 'params', exists: true } }],
      'when.path must be a reference',
    ],
  ])('for %s', (_case, tasks, problem) => {
    const { definition, problems } = read(...tasks);
    expect(definition).toBeUndefined();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });

  it('with every problem at once', () => {
    const { problems } = read(
      { id: 'a', type: 'http', retry: { max_attempts: 'x', backoff: 0 }, depends_on: ['nobody', 'b'] },
      { id: 'b', type: 'rpc', depends_on: ['a'] },
      { id: 'c' },
      { id: 'c', type: 'nonsense' },
      { task_name: 'no id' },
    );
    expect(problems).toEqual([
      'task "a": retry.max_attempts must be a whole number from 1 to 100',
      'task "a": retry.backoff must be a number from 1 to 10',
      'task "c": type must be one of http, rpc, queue, worker, flow, wait',
      'tasks[4]: id is required',
      'task "c": the id is used twice; ids must be unique in the flow',
      'task "a": depends_on names "nobody", and there is no such task',
      expect.stringContaining('a → b → a'),
      expect.stringContaining('task "b": config.service is required'),
      expect.stringContaining('task "b": config.method is required'),
    ]);
  });

  it('and can be executed all the same where it is well-formed: it may have been stored before that was checked', () => {
    const stored = (...tasks: readonly unknown[]) => readStoredDefinition(JSON.stringify({ tasks })).definition;
    const tasks = [{ id: 'a', config: { x: '$.b.output' } }, { id: 'b' }];
    expect(read(...tasks).definition).toBeUndefined();
    expect(stored(...tasks)?.steps.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(stored({ id: 'a', type: 'nonsense' })).toBeUndefined();
  });

  it('with no more problems than anybody reads', () => {
    const tasks = Array.from({ length: 100 }, (_, at) => ({ id: `t${at}`, type: 'x', timeout: 0, pivot: 1 }));
    const { problems } = read(...tasks);
    expect(problems).toHaveLength(101);
    expect(problems.at(-1)).toBe('… and 200 more');
  });
});

describe('a definition is accepted', () => {
  it('with 100 tasks in a row', () => {
    const tasks = Array.from({ length: 100 }, (_, at) => ({
      id: `t${at}`,
      depends_on: at === 0 ? [] : [`t${at - 1}`],
    }));
    expect(accepted(...tasks).steps).toHaveLength(100);
  });

  it('with references to all that comes before, and in an undo to the task itself', () => {
    const { problems } = read(
      { id: 'a', compensate: { config: { handler: 'undo', id: '$.a.output.id' } } },
      { id: 'b', depends_on: ['a'] },
      {
        id: 'c',
        type: 'http',
        depends_on: ['b'],
        config: { url: '$.a.output.url', headers: { 'x-id': '$.instance_id' } },
      },
      { id: 'd', type: 'wait', depends_on: ['c'], config: { until: '$.c.output.at', signal: true } },
    );
    expect(problems).toEqual([]);
  });

  it('as the documentation shows it', async () => {
    const page = await readFile(new URL('../../docs/sagas.md', import.meta.url), 'utf8');
    const [, example = ''] = /^```json\n(\{.*?^\})$/ms.exec(page) ?? [];
    const { definition, problems, warnings } = readDefinition(example);
    expect([problems, warnings]).toEqual([[], []]);
    expect(definition?.steps.map(({ id }) => id)).toEqual(['reserve', 'review', 'deduct', 'notify']);
  });

  it('with the conditions that the documentation shows', async () => {
    const page = await readFile(new URL('../../docs/sagas.md', import.meta.url), 'utf8');
    const shown = [...page.matchAll(/`(\{"path": .*?\})`/g)].map(([, text = '']) => text);
    expect(shown.length).toBeGreaterThan(1);
    for (const text of shown) {
      const when: unknown = JSON.parse(text);
      const { problems } = read({ id: 'check' }, { id: 'quote' }, { id: 'a', depends_on: ['check', 'quote'], when });
      expect([text, problems]).toEqual([text, []]);
    }
  });

  it('or refused, whatever JSON it is, with a problem for each refusal', () => {
    const any = fc.jsonValue({ maxDepth: 4 });
    const tasks = fc.array(
      fc.oneof(
        any,
        fc.record(
          {
            id: fc.oneof(any, fc.constantFrom('a', 'b', 'toString')),
            depends_on: any,
            config: any,
            when: any,
            compensate: any,
            retry: any,
          },
          { requiredKeys: [] },
        ),
      ),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          any,
          tasks.map((list) => ({ tasks: list })),
        ),
        (value) => {
          const { definition, problems } = readDefinition(JSON.stringify(value));
          expect(definition === undefined).toBe(problems.length > 0);
        },
      ),
    );
  });
});

describe('a definition is accepted with a warning', () => {
  it.each<[string, readonly unknown[], string]>([
    [
      'for a task before a pivot that cannot be undone',
      [{ id: 'a' }, { id: 'b', depends_on: ['a'], compensate: refund }, { id: 'p', depends_on: ['b'], pivot: true }],
      'task "a": has no compensate and comes before the pivot "p"',
    ],
    [
      'for the undo of a pivot',
      [{ id: 'p', pivot: true, compensate: refund }],
      'task "p": is a pivot: its compensate is never executed',
    ],
    [
      'for an undo after a pivot',
      [
        { id: 'p', pivot: true },
        { id: 'a', depends_on: ['p'], compensate: refund },
      ],
      'task "a": comes after the pivot "p": its compensate is never executed',
    ],
    [
      'for a task after a pivot that is never retried',
      [
        { id: 'p', pivot: true },
        { id: 'a', depends_on: ['p'], retry: { strategy: 'no_retry' } },
      ],
      'task "a": comes after the pivot "p" and is never retried',
    ],
    [
      'for tries that are never made',
      [{ id: 'a', retry: { strategy: 'no_retry', max_attempts: 3 } }],
      'max_attempts has no effect',
    ],
    [
      'for a reference within a text',
      [{ id: 'a', config: { x: ['id=$.params.a.id'] } }],
      'a reference within a text stays text',
    ],
    [
      'for an undo that could not begin after a time-out',
      [{ id: 'a', compensate: { config: { handler: 'undo', id: '$.a.output.id' } } }],
      'task "a": compensate refers to "$.a.output.id": after a time-out',
    ],
    [
      'for a sub-transaction that is to be tried again',
      [{ id: 'a', type: 'flow', config: { flow_id: '77' }, retry: { strategy: 'auto' } }],
      'task "a": is of type flow, which is never tried again by itself',
    ],
  ])('%s', (_case, tasks, warning) => {
    const { problems, warnings } = read(...tasks);
    expect(problems).toEqual([]);
    expect(warnings).toEqual([expect.stringContaining(warning)]);
  });

  it('and without one where all is well', () => {
    const { warnings } = read(
      { id: 'a', compensate: refund },
      { id: 'w', type: 'wait', depends_on: ['a'], config: { signal: true } },
      { id: 'p', depends_on: ['w'], pivot: true },
      { id: 'b', depends_on: ['p'], config: { cost: '$100', text: '$$.params' } },
      { id: 'f', type: 'flow', config: { flow_id: '77' }, depends_on: ['p'] },
    );
    expect(warnings).toEqual([]);
    // What a step after it gave, or the whole of its output, which is null then, is there.
    const whole = { config: { handler: 'undo', all: '$.b.output', part: '$.a.output.id' } };
    expect(read({ id: 'a' }, { id: 'b', depends_on: ['a'], compensate: whole }).warnings).toEqual([]);
  });
});
