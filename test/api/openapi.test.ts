/** The OpenAPI document says what the contracts and the access table say. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { OPERATION_ACCESS } from '../../lib/contracts/authorization.ts';
import { OPENABLE_GROUPS } from '../../lib/contracts/http/operation.ts';
import { type KnownOperation, operations } from '../../lib/contracts/http/operations.ts';
import { API_VERSION } from '../../lib/contracts/version.ts';
import { openApiDocument } from '../../lib/platform/openapi.ts';

const all: readonly KnownOperation[] = Object.values(operations);

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
  requestBody: z.strictObject({ required: z.boolean(), content: contentSchema }).optional(),
  responses: z.record(
    z.string().regex(/^[2-5]\d\d$/),
    // A 204 has no content.
    z.strictObject({ description: z.string().min(1), content: contentSchema.optional() }),
  ),
  security: z.array(z.record(z.string(), z.array(z.string()))),
});
const documentSchema = z.strictObject({
  openapi: z.literal('3.1.1'),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  servers: z.array(z.strictObject({ url: z.string() })),
  tags: z.array(z.strictObject({ name: z.string(), description: z.string() })),
  paths: z.record(
    z.string().startsWith('/'),
    z.partialRecord(z.enum(['get', 'post', 'put', 'patch', 'delete']), operationSchema),
  ),
  components: z.strictObject({
    schemas: z.record(z.string(), z.record(z.string(), z.unknown())),
    securitySchemes: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
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

  it('says who may call what: a scope by its name, and the refusals that go with it', () => {
    for (const { operation } of documented) {
      const access = OPERATION_ACCESS[operation.operationId as KnownOperation['id']];
      const isPublic = access.kind === 'public';
      expect(['401', '403', '429'].every((status) => status in operation.responses) || isPublic).toBe(true);
      expect(
        operation.security.some((scheme) => 'bearer' in scheme),
        operation.operationId,
      ).toBe(!isPublic);
      expect(operation.description?.includes('scope' in access ? `\`${access.scope}\`` : '') ?? isPublic).toBe(true);
    }
    const anonymous = documented.filter(({ operation }) =>
      operation.security.some((scheme) => !Object.keys(scheme)[0]),
    );
    expect(new Set(anonymous.map(({ operation }) => operation.tags[0]))).toEqual(new Set(OPENABLE_GROUPS));
    expect(document.paths['/api/auth/login']?.post?.security).toEqual([]);
    expect(document.paths['/api/auth/logout']?.post?.security).toEqual([{ bearer: [] }]);
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
        for (const { schema, examples = {} } of Object.values(content ?? {})) {
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
