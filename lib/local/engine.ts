/** What runs the functions and brings them their events: the AWS services' emulators, or everything in this process. */
import type { Admin } from './admin.ts';
import type { Invoke } from './functions/invocation.ts';
import type { Connections } from './gateway/connections.ts';
import type { Apis } from './gateway/server.ts';
import type { LocalLog } from './log.ts';
import type { NamedTemplate } from './template/resolver.ts';

export type AwsEndpoints = {
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly dynamodb: string;
  readonly sqs: string;
  readonly scheduler: string;
  /** Physical names by logical id. */
  readonly tables: Readonly<Record<string, string>>;
  readonly queueUrls: Readonly<Record<string, string>>;
};

export type Engine = {
  readonly apis: Apis;
  readonly accountId: string;
  /** Who may use `@connections`. */
  readonly accessKeyId: string;
  readonly invoke: Invoke;
  readonly aws: AwsEndpoints | undefined;
  /** Whether what it stores outlives it: in an emulator of the user's own. */
  readonly keepsData: boolean;
  /** API groups that answer without a credential. */
  readonly openGroups: readonly string[];
  /** Resolves with the reason when a part ends that nothing can go on without; never otherwise. */
  readonly failed: Promise<string>;
  /** Processes that belong to it. */
  readonly pids: readonly number[];
  /** Takes no more events, and resolves when those taken have been handled. */
  readonly drain: () => Promise<void>;
  /** At once, for an exit that waits for nothing. */
  readonly kill: () => void;
};

export type EngineOptions = {
  /** The repository. */
  readonly root: string;
  /** The gateway's. */
  readonly port: number;
  readonly admin: Admin;
  /** Folder in which Node keeps what it has compiled. */
  readonly compileCache: string;
  readonly templates: Promise<readonly NamedTemplate[]>;
  readonly log: LocalLog;
  /** The gateway's sockets, which are there once it serves. */
  readonly connections: () => Connections | undefined;
  /** Told of every part that has to be stopped, in the order of their start: also when the start fails half way. */
  readonly onStarted: (stop: () => Promise<void>) => void;
};

export const LOCAL_REGION = 'us-east-1';
/** What the emulators take for every caller. */
export const LOCAL_ACCOUNT = '000000000000';
