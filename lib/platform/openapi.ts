/**
 * The OpenAPI 3.1 document, derived from the operation contracts. It is written to docs/openapi.json and docs/openapi.yaml
 * (`npm run openapi`), and served by the documentation function.
 */
import * as z from 'zod';
import { errorFormOf } from '../contracts/http/errors.ts';
import type { Answer, Operation } from '../contracts/http/operation.ts';
import { operations } from '../contracts/http/operations.ts';

type Json = Readonly<Record<string, unknown>>;

/** Schemas that have an id, collected while the document is made: `components.schemas`. */
type Components = Record<string, unknown>;

/** Version of the API that the document describes: the package's. */
export const API_VERSION = '0.1.0';

const DEFINITION = '#/$defs/';
const COMPONENT = '#/components/schemas/';

const withComponentRefs = (value: unknown): unknown => {
  if (Array.isArray(value)) {
    return value.map(withComponentRefs);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string' ? inner.replace(DEFINITION, COMPONENT) : withComponentRefs(inner),
    ]),
  );
};

/** A schema as JSON Schema, as the wire shows it (`input`: before transforms and defaults). */
const schemaOf = (schema: z.ZodType, components: Components): Json => {
  const { $schema, $defs, ...json } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      // `input` drops defaults; a caller wants to read what leaving a field out means.
      const stated = z.globalRegistry.get(zodSchema)?.default;
      if (stated !== undefined) {
        jsonSchema.default = stated as typeof jsonSchema.default;
      }
    },
  });
  for (const [id, definition] of Object.entries($defs ?? {})) {
    components[id] = withComponentRefs(definition);
  }
  return withComponentRefs(json) as Json;
};

/** OpenAPI leaves these to the media types and the security scheme. */
const IMPLIED_HEADERS: ReadonlySet<string> = new Set(['accept', 'content-type', 'authorization']);

const parametersOf = (
  place: 'path' | 'query' | 'header',
  object: z.ZodObject | undefined,
  components: Components,
): Json[] => {
  const { properties = {}, required = [] } = object ? schemaOf(object, components) : {};
  return Object.entries(properties as Record<string, Json>)
    .filter(([name]) => place !== 'header' || !IMPLIED_HEADERS.has(name))
    .map(([name, { description, ...schema }]) => ({
      name: place === 'header' ? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase()) : name,
      in: place,
      required: (required as string[]).includes(name),
      ...(description === undefined ? {} : { description }),
      schema,
    }));
};

const examplesOf = (examples: Readonly<Record<string, unknown>> | undefined): Json =>
  examples === undefined
    ? {}
    : { examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])) };

const answerOf = ({ description, schema, examples, text }: Answer, components: Components): Json => ({
  description,
  content: {
    'application/json': { schema: schemaOf(schema, components), ...examplesOf(examples) },
    ...(text === undefined ? {} : { 'text/plain': { schema: { type: 'string' }, ...examplesOf({ text }) } }),
  },
});

/** What any operation may refuse, as the middleware does. */
const commonRefusals = ({ access, body }: Operation): Readonly<Record<number, string>> => ({
  ...(access === 'group' ? { 401: 'The stage has not opened this API group' } : {}),
  ...(access === 'worker' ? { 401: 'The worker token is missing or wrong' } : {}),
  ...(body ? { 413: 'The body is over 256 KB', 415: 'The Content-Type is not JSON' } : {}),
  500: 'An unknown fault; its cause is in the log under the X-Request-Id',
});

const operationOf = (operation: Operation, components: Components): Json => {
  const error = schemaOf(errorFormOf(operation.path).schema, components);
  const refusals = Object.entries({ ...commonRefusals(operation), ...operation.refusals }).map(
    ([status, description]) => [status, { description, content: { 'application/json': { schema: error } } }],
  );
  const answers = Object.entries(operation.answers).map(([status, answer]) => [status, answerOf(answer, components)]);
  return {
    operationId: operation.id,
    tags: [operation.group],
    summary: operation.summary,
    ...(operation.description === undefined ? {} : { description: operation.description }),
    parameters: [
      ...parametersOf('path', operation.params, components),
      ...parametersOf('query', operation.query, components),
      ...parametersOf('header', operation.headers, components),
    ],
    ...(operation.body
      ? {
          requestBody: {
            required: true,
            content: {
              'application/json': {
                schema: schemaOf(operation.body.schema, components),
                ...examplesOf(operation.body.examples),
              },
            },
          },
        }
      : {}),
    responses: Object.fromEntries([...answers, ...refusals]),
    ...(operation.access === 'worker' ? { security: [{ workerToken: [] }] } : {}),
  };
};

const TAGS = [
  { name: 'D', description: 'Tasks for an instant. Needs no token where the stage has opened the group' },
  { name: 'platform', description: 'The platform itself' },
];

export const openApiDocument = (): Json => {
  const components: Components = {};
  const paths: Record<string, Record<string, Json>> = {};
  const all: readonly Operation[] = Object.values(operations);
  for (const operation of all) {
    const path = operation.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: operationOf(operation, components) };
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Cronsaga',
      version: API_VERSION,
      description:
        'Scheduled work on AWS. Every path is also accepted with a trailing slash. Every answer has an X-Request-Id; another method answers 405 with Allow.',
    },
    servers: [{ url: '/' }],
    tags: TAGS,
    paths,
    components: {
      schemas: components,
      securitySchemes: {
        workerToken: {
          type: 'http',
          scheme: 'bearer',
          description: 'The token that workers present when they connect',
        },
      },
    },
  };
};
