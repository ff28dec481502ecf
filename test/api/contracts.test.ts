/** Contracts, handlers, routes and the OpenAPI document agree. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { errorFormOf } from '../../lib/contracts/http/errors.ts';
import type { Operation } from '../../lib/contracts/http/operation.ts';
import { operations } from '../../lib/contracts/http/operations.ts';
import { createHandlers } from '../../lib/platform/http/api-handler.ts';
import { API_VERSION, openApiDocument } from '../../lib/platform/openapi.ts';
import { aRun, createFakeEngine, NOW } from '../support/fake-engine.ts';
import { createTestApi, WORKER_TOKEN } from '../support/test-api.ts';

const all: readonly Operation[] = Object.values(operations);

const exampleSchema = z.object({ value: z.unknown() });
const mediaSchema = z.object({
  schema: z.record(z.string(), z.unknown()),
  examples: z.record(z.string(), exampleSchema).optional(),
});
const contentSchema = z.record(z.string().regex(/^[a-z]+\/[a-z]+$/), mediaSchema);
const parameterSchema = z.strictObject({
  name: z.string().min(1),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean(),
  description: z.string().min(1).optional(),
  schema: z.record(z.string(), z.unknown()),
});
const operationSchema = z.strictObject({
  operationId: z.string().regex(/^[a-z][A-Za-z]+$/),
  tags: z.array(z.string()).length(1),
  summary: z.string().min(1),
  description: z.string().min(1).optional(),
  parameters: z.array(parameterSchema),
  requestBody: z.strictObject({ required: z.literal(true), content: contentSchema }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    z.strictObject({ description: z.string().min(1), content: contentSchema }),
  ),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
});
const documentSchema = z.strictObject({
  openapi: z.literal('3.1.1'),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.string() })),
  tags: z.array(z.strictObject({ name: z.string(), description: z.string() })),
  paths: z.record(z.string().startsWith('/'), z.partialRecord(z.enum(['get', 'post', 'delete']), operationSchema)),
  components: z.strictObject({
    schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
    securitySchemes: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
});

describe('operations', () => {
  it('have exactly one handler each, and no handler has none', () => {
    const handlers = createHandlers({ engine: createFakeEngine(), now: () => NOW });
    expect(new Set(Object.keys(handlers))).toEqual(new Set(Object.keys(operations)));
  });

  it('are known by their own id', () => {
    expect(all.map(({ id }) => id)).toEqual(Object.keys(operations));
  });

  it('have a route of their own, without a trailing slash', () => {
    const routes = all.map(({ method, path }) => `${method} ${path.replace(/:\w+/g, ':')}`);
    expect(new Set(routes).size).toBe(routes.length);
    expect(all.filter(({ path }) => !/^(\/:?[a-z0-9]+)+$/.test(path))).toEqual([]);
  });

  it.each(all.map((operation) => [operation.id, operation] as const))(
    '%s checks every parameter of its path',
    (_id, { path, params }) => {
      const named = [...path.matchAll(/:(\w+)/g)].map(([, name]) => name);
      expect(Object.keys(params?.shape ?? {})).toEqual(named);
    },
  );

  it.each(all.map((operation) => [operation.id, operation] as const))(
    '%s has examples that it would give or take',
    (_id, operation) => {
      for (const { schema, examples = {} } of Object.values(operation.answers)) {
        expect(Object.keys(examples)).not.toEqual([]);
        for (const example of Object.values(examples)) {
          expect(() => schema.parse(example)).not.toThrow();
        }
      }
      for (const example of Object.values(operation.body?.examples ?? {})) {
        expect(() => operation.body?.schema.parse(example)).not.toThrow();
      }
    },
  );
});

describe('the answers of the function', () => {
  const headers = { authorization: `Bearer ${WORKER_TOKEN}` };
  const body = { execute_at: '2030-06-01T00:00:00Z', task_type: 'send_email', payload: {} };

  it.each([
    ['createTask', 'POST /api/v1/tasks', { body }],
    ['getTask', 'GET /api/v1/tasks/1', {}],
    ['listTasks', 'GET /api/v1/tasks', {}],
    ['cancelTask', 'DELETE /api/v1/tasks/1', {}],
    ['health', 'GET /health', {}],
    ['downloadPayload', 'GET /api/runs/1/payload', { headers }],
  ] as const)('of %s are what its contract says', async (id, request, options) => {
    const api = createTestApi();
    api.engine.runs.set('1', aRun({ status: 'running', attempt: 1, progress: { percent: 50 } }));
    const answer = await api.send(request, options);
    const contract: Operation = operations[id];
    const schema = contract.answers[answer.status ?? 0]?.schema;
    expect(schema, `${answer.status}`).toBeDefined();
    expect(schema?.safeParse(answer.json()).error).toBeUndefined();
  });

  it('are errors in the documented form', async () => {
    for (const [request, path] of [
      ['GET /api/v1/tasks/x', '/api/v1/tasks/x'],
      ['PUT /health', '/health'],
    ] as const) {
      const answer = await createTestApi().send(request);
      expect(z.strictObject(errorFormOf(path).schema.shape).safeParse(answer.json()).success).toBe(true);
    }
  });
});

describe('the OpenAPI document', () => {
  const document = documentSchema.parse(openApiDocument());
  const documented = Object.entries(document.paths).flatMap(([path, byMethod]) =>
    Object.entries(byMethod).map(([method, operation]) => ({ path, method, operation })),
  );

  /** The document's schemas with their references where a JSON Schema reader finds them. */
  const readerOf = (schema: object): z.ZodType => {
    const text = JSON.stringify({ ...schema, $defs: document.components.schemas });
    return z.fromJSONSchema(
      JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as Parameters<typeof z.fromJSONSchema>[0],
    );
  };

  it('has every operation once, at its route', () => {
    const routes = documented.map(
      ({ path, method, operation }) => `${operation.operationId} ${method.toUpperCase()} ${path}`,
    );
    expect(routes.sort()).toEqual(
      all.map(({ id, method, path }) => `${id} ${method} ${path.replace(/:(\w+)/g, '{$1}')}`).sort(),
    );
  });

  it('declares every path parameter as required, and no other', () => {
    for (const { path, operation } of documented) {
      const inPath = operation.parameters.filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name }) => `{${name}}`)).toEqual(path.match(/\{\w+\}/g) ?? []);
      expect(inPath.every(({ required }) => required)).toBe(true);
      expect(new Set(operation.parameters.map((parameter) => `${parameter.in} ${parameter.name}`)).size).toBe(
        operation.parameters.length,
      );
    }
  });

  it('refers to nothing that it does not have', () => {
    const text = JSON.stringify(document);
    const refs = [...text.matchAll(/"\$ref":"([^"]+)"/g)].map(([, ref = '']) => ref);
    expect(refs.length).toBeGreaterThan(0);
    expect(refs.filter((ref) => !(ref.replace('#/components/schemas/', '') in document.components.schemas))).toEqual(
      [],
    );
    expect(text).not.toContain('$defs');
    const schemes = documented.flatMap(({ operation }) => (operation.security ?? []).flatMap(Object.keys));
    expect(schemes.filter((scheme) => !(scheme in document.components.securitySchemes))).toEqual([]);
    const tags = document.tags.map(({ name }) => name);
    expect(documented.filter(({ operation }) => !operation.tags.every((tag) => tags.includes(tag)))).toEqual([]);
  });

  it('has examples that its own schemas accept', () => {
    let checked = 0;
    for (const { operation } of documented) {
      for (const { content } of [
        ...Object.values(operation.responses),
        ...(operation.requestBody ? [operation.requestBody] : []),
      ]) {
        for (const { schema, examples = {} } of Object.values(content)) {
          for (const { value } of Object.values(examples)) {
            expect(readerOf(schema).safeParse(value).error, operation.operationId).toBeUndefined();
            checked += 1;
          }
        }
      }
    }
    expect(checked).toBeGreaterThanOrEqual(all.length);
  });

  it('has schemas that refuse what is wrong', () => {
    const task = readerOf({ $ref: '#/components/schemas/Task' });
    expect(task.safeParse({ id: 1 }).success).toBe(false);
    const create = readerOf({ $ref: '#/components/schemas/CreateTask' });
    expect(create.safeParse({ execute_at: '2030-06-01T00:00:00Z', task_type: '', payload: 1 }).success).toBe(false);
  });

  it('tells what leaving a parameter out means', () => {
    const list = document.paths['/api/v1/tasks']?.get;
    expect(list?.parameters.find(({ name }) => name === 'limit')?.schema).toEqual({
      type: 'integer',
      minimum: 0,
      maximum: 100,
      default: 50,
    });
    expect(document.components.schemas.CreateTask).toMatchObject({
      properties: { max_attempts: { default: 3 } },
      required: ['execute_at', 'task_type', 'payload'],
    });
  });

  it('has the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    expect(API_VERSION).toBe(version);
  });
});
