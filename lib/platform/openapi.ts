/**
 * The OpenAPI 3.1 document, derived from the operation contracts. It is written to docs/openapi.json and docs/openapi.yaml
 * (`npm run openapi`), and served by the documentation function.
 */
import * as z from 'zod';
import { OPERATION_ACCESS } from '../contracts/authorization.ts';
import { errorFormOf } from '../contracts/http/errors.ts';
import { type Answer, isOpenable } from '../contracts/http/operation.ts';
import { type KnownOperation, operations } from '../contracts/http/operations.ts';
import { API_VERSION } from '../contracts/version.ts';

type Json = Readonly<Record<string, unknown>>;

/** Schemas that have an id, collected while the document is made: `components.schemas`. */
type Components = Record<string, unknown>;

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

const answerOf = ({ description, schema, examples, text }: Answer, components: Components): Json => {
  const content = {
    ...(schema && { 'application/json': { schema: schemaOf(schema, components), ...examplesOf(examples) } }),
    ...(text === undefined ? {} : { 'text/plain': { schema: { type: 'string' }, ...examplesOf({ text }) } }),
  };
  return Object.keys(content).length === 0 ? { description } : { description, content };
};

/** Who may call it, in a sentence; nothing where everybody may. */
const accessText = ({ id, group }: KnownOperation): string | undefined => {
  const access = OPERATION_ACCESS[id];
  switch (access.kind) {
    case 'public':
      return undefined;
    case 'scope':
      return `Takes the scope \`${access.scope}\`${isOpenable(group) ? '; nothing where the stage has opened the group' : ''}.`;
    case 'scope_or_self':
      return `Takes the scope \`${access.scope}\`, or being that user.`;
    case 'self':
      return 'Takes an access token of that user.';
    case 'user':
      return 'Takes an access token or an API key of a user.';
    case 'login':
      return 'Takes the access token of a login.';
  }
};

const isPublic = ({ id }: KnownOperation): boolean => OPERATION_ACCESS[id].kind === 'public';

/** What any operation may refuse, as the middleware does. */
const commonRefusals = (operation: KnownOperation): Readonly<Record<number, string>> => ({
  ...(isPublic(operation)
    ? {}
    : {
        401: 'The credential is missing, or not valid (any more)',
        403: 'The credential does not allow this; the message names what is missing',
        429: 'Too many requests: Retry-After says when to come again',
      }),
  ...(operation.body ? { 413: 'The body is over 256 KB', 415: 'The Content-Type is not JSON' } : {}),
  500: 'An unknown fault; its cause is in the log under the X-Request-Id',
});

const NEEDS_LOGIN: ReadonlySet<string> = new Set(['self', 'login']);

/** Either credential; in a group that a stage may open, also none. */
const securityOf = (operation: KnownOperation): Json[] => [
  ...(isOpenable(operation.group) ? [{}] : []),
  ...(isPublic(operation) ? [] : [{ bearer: [] }]),
  ...(isPublic(operation) || NEEDS_LOGIN.has(OPERATION_ACCESS[operation.id].kind) ? [] : [{ apiKey: [] }]),
];

const operationOf = (operation: KnownOperation, components: Components): Json => {
  const error = schemaOf(errorFormOf(operation.path).schema, components);
  const refusals = Object.entries({ ...commonRefusals(operation), ...operation.refusals }).map(
    ([status, description]) => [status, { description, content: { 'application/json': { schema: error } } }],
  );
  const answers = Object.entries(operation.answers).map(([status, answer]) => [status, answerOf(answer, components)]);
  const access = accessText(operation);
  const description = [operation.description, access].filter((text) => text !== undefined).join(' ');
  return {
    operationId: operation.id,
    tags: [operation.group],
    summary: operation.summary,
    ...(description === '' ? {} : { description }),
    parameters: [
      ...parametersOf('path', operation.params, components),
      ...parametersOf('query', operation.query, components),
      ...parametersOf('header', operation.headers, components),
    ],
    ...(operation.body
      ? {
          requestBody: {
            required: !operation.body.optional,
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
    security: securityOf(operation),
  };
};

const TAGS = [
  { name: 'A', description: 'Cron jobs, tasks, workers, categories, logs and locks' },
  { name: 'B', description: 'Tasks with a schedule or without, their runs, workers, health and status' },
  { name: 'C', description: 'Logging in, users, API keys and the audit log' },
  { name: 'D', description: 'Tasks for an instant. Needs no credential where the stage has opened the group' },
  {
    name: 'E',
    description:
      'Flows, transactions with compensation, and the desk. Needs no credential where the stage has opened the group',
  },
  { name: 'platform', description: 'The platform itself' },
];

export const openApiDocument = (): Json => {
  const components: Components = {};
  const paths: Record<string, Record<string, Json>> = {};
  const all: readonly KnownOperation[] = Object.values(operations);
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
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The access token of a login (`POST /api/auth/login`), or an API key (`csk_…`)',
        },
        apiKey: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: 'An API key, in place of Authorization',
        },
      },
    },
  };
};
