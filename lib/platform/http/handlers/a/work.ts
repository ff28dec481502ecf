/**
 * API A's command, args and metadata, and what our executors take: the two forms of the same work. What says where or how it
 * runs lies in the payload and the needs; the rest of the metadata is kept as it was sent, and shown again.
 */
import type { Metadata, MetadataView } from '../../../../contracts/http/a/metadata.ts';
import { needsOf } from '../../../../contracts/http/job-settings.ts';
import { parseExactJson } from '../../../../domain/exact-json.ts';
import type { WorkerNeeds } from '../../../../domain/fleet/needs.ts';

/** 30 days stand for API A's "no timeout": what runs longer is stuck. */
const NO_TIMEOUT_MS = 30 * 86_400_000;

export const timeoutMsOf = (seconds: number): number => (seconds === 0 ? NO_TIMEOUT_MS : seconds * 1_000);
export const timeoutOf = (ms: number): number => (ms === NO_TIMEOUT_MS ? 0 : ms / 1_000);

export const DEFAULT_NAME = 'default';
export const DEFAULT_PRIORITY = 5;

/** Any worker that has a shell serves these. */
const ANY_WORKER: ReadonlySet<string> = new Set([DEFAULT_NAME, 'command']);
export const categoryNeeded = (category: string): string | undefined =>
  ANY_WORKER.has(category) ? undefined : category;

type Payload = Readonly<Record<string, unknown>>;

const objectOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};

const readPayload = (payload: string): Payload => objectOf(parseExactJson(payload));

/** What every key of metadata is when a full update leaves it out. */
export const EMPTY_METADATA: Metadata = {
  workingDir: '',
  environment: {},
  worker_select: [],
  worker_labels: {},
  priority: DEFAULT_PRIORITY,
  resource_limit: {},
  extensions: {},
};

/** What was not given is not there: `null` counts as absent. */
export const givenOf = (metadata: Metadata): Metadata =>
  Object.fromEntries(Object.entries(metadata).filter(([, value]) => value !== undefined));

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

/** A JSON array, or one argument. */
const argumentsOf = (args: string): readonly string[] => {
  try {
    const list: unknown = JSON.parse(args);
    if (Array.isArray(list)) {
      return list.map(String);
    }
  } catch {
    // Plain text.
  }
  return args === '' ? [] : [args];
};

/** The text that the arguments came from is kept only where they do not print as that text. */
const argsFields = (args: string) => {
  const list = argumentsOf(args);
  return {
    arguments: list.length === 0 ? undefined : list,
    args: list.length === 0 || JSON.stringify(list) === args ? undefined : args,
  };
};

/** The executors whose work is an address. */
const isWeb = (handler: string): boolean => handler === 'http' || handler === 'http_callback';

/** What of the work a request gives; what is absent stays. */
export type WorkFields = {
  readonly command?: string | undefined;
  readonly args?: string | undefined;
  readonly metadata?: Metadata | undefined;
};

/** @returns the payload with these parts in place of its own. JSON text. */
export const payloadWith = (handler: string, before: string, { command, args, metadata = {} }: WorkFields): string => {
  const { workingDir, environment, resource_limit } = metadata;
  return JSON.stringify({
    ...readPayload(before),
    ...(command !== undefined && { [isWeb(handler) ? 'url' : 'command']: command }),
    ...(args !== undefined && argsFields(args)),
    ...(workingDir !== undefined && { working_directory: workingDir === '' ? undefined : workingDir }),
    ...(environment !== undefined && {
      environment: Object.keys(environment).length === 0 ? undefined : environment,
    }),
    ...(resource_limit !== undefined && {
      resource_limit: Object.keys(resource_limit).length === 0 ? undefined : resource_limit,
    }),
  });
};

/** What is kept beside the work itself. JSON text; nothing when there is nothing to keep. */
export const keptOf = (metadata: Metadata): string | undefined => {
  const {
    workingDir: _1,
    environment: _2,
    worker_select: _3,
    worker_labels: _4,
    priority: _5,
    resource_limit: _6,
    ...rest
  } = metadata;
  const kept = Object.fromEntries(
    Object.entries(rest).filter(
      ([name, value]) => value !== undefined && (name !== 'extensions' || Object.keys(objectOf(value)).length > 0),
    ),
  );
  return Object.keys(kept).length === 0 ? undefined : JSON.stringify(kept);
};

export const needsWith = (
  { tags, workers, labels }: Pick<WorkerNeeds, 'tags' | 'workers' | 'labels'>,
  category: string,
  metadata: Metadata = {},
): WorkerNeeds | undefined =>
  needsOf({
    tags: tags ?? [],
    workers: metadata.worker_select ?? workers ?? [],
    labels: metadata.worker_labels ?? labels ?? {},
    category: categoryNeeded(category),
  });

/** What a job or a run executes, in API A's words. */
export type Work = {
  readonly command: string;
  readonly args: string;
  readonly metadata: MetadataView;
};

export const workOf = (of: {
  readonly handler: string;
  readonly payload: string;
  readonly priority: number;
  readonly needs?: WorkerNeeds | undefined;
  readonly kept: string | undefined;
}): Work => {
  const payload = readPayload(of.payload);
  const list: readonly unknown[] = Array.isArray(payload.arguments) ? payload.arguments : [];
  const environment = Object.entries(objectOf(payload.environment)).map(([name, value]) => [name, String(value)]);
  const { extensions, ...kept } = of.kept === undefined ? {} : readPayload(of.kept);
  return {
    command: textOf(isWeb(of.handler) ? payload.url : payload.command),
    args: typeof payload.args === 'string' ? payload.args : list.length === 0 ? '' : JSON.stringify(list),
    metadata: {
      ...kept,
      workingDir: textOf(payload.working_directory),
      environment: Object.fromEntries(environment) as Record<string, string>,
      worker_select: [...(of.needs?.workers ?? [])],
      worker_labels: { ...of.needs?.labels },
      priority: of.priority,
      resource_limit: objectOf(payload.resource_limit),
      extensions: objectOf(extensions),
    },
  };
};
