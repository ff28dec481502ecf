/** API B's executors: what of a task's body is the payload that its handler gets. */
import { EXECUTORS, type Executor, type ExecutorFields } from '../../../../contracts/http/b/task-inputs.ts';

type Field = keyof ExecutorFields;

const FIELDS: Readonly<Record<Executor, readonly Field[]>> = {
  shell: ['command', 'working_directory', 'environment'],
  http: ['url', 'method', 'headers', 'body'],
  python: ['command', 'arguments', 'python_path'],
};
const REQUIRED: Readonly<Record<Executor, Field>> = { shell: 'command', http: 'url', python: 'command' };

export const isExecutor = (handler: string): handler is Executor => (EXECUTORS as readonly string[]).includes(handler);

const parse = (payload: string): Readonly<Record<string, unknown>> => {
  const value: unknown = JSON.parse(payload);
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
};

const given = (executor: Executor, fields: ExecutorFields): Readonly<Record<string, unknown>> =>
  Object.fromEntries(FIELDS[executor].flatMap((name) => (fields[name] === undefined ? [] : [[name, fields[name]]])));

export const namesAnyField = (fields: ExecutorFields): boolean =>
  Object.values(FIELDS)
    .flat()
    .some((name) => fields[name] !== undefined);

/**
 * @param before the payload that is changed; what it holds beyond the executor's fields stays
 * @returns JSON text, or the field that is missing
 */
export const payloadOf = (
  executor: Executor,
  fields: ExecutorFields,
  before = '{}',
): { readonly payload: string } | { readonly missing: Field } => {
  const payload = { ...parse(before), ...given(executor, fields) };
  const required = REQUIRED[executor];
  return required in payload ? { payload: JSON.stringify(payload) } : { missing: required };
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every(isText);
const isTextList = (value: unknown): value is string[] => Array.isArray(value) && value.every(isText);

/** The fields of a task, as they were given. What is of another form than B knows is not shown: a key without a value is not printed. */
export const fieldsOf = (handler: string, payload: string) => {
  if (!isExecutor(handler)) {
    return {};
  }
  const held = parse(payload);
  const text = (name: Field): string | undefined => (isText(held[name]) ? held[name] : undefined);
  const texts = (name: Field): Record<string, string> | undefined => (isTexts(held[name]) ? held[name] : undefined);
  return {
    command: text('command'),
    working_directory: text('working_directory'),
    environment: texts('environment'),
    url: text('url'),
    method: text('method'),
    headers: texts('headers'),
    body: text('body'),
    arguments: isTextList(held.arguments) ? held.arguments : undefined,
    python_path: text('python_path'),
  };
};
