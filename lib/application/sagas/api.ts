/** What the edges may ask of flows, transactions and the desk. A conflict is a value; only faults throw. */
import type { Flow, FlowDefinition, FlowRow, Json, JsonObject } from '../../domain/flow/flow.ts';
import type { Run } from '../../domain/run.ts';
import type { SagaCommand, SagaRefusal } from '../../domain/saga/decision.ts';
import type { Rehearsal } from '../../domain/saga/rehearse.ts';
import type { DeskAction, Saga, SagaException, SagaStatus } from '../../domain/saga/saga.ts';

/** What was read of a definition: every problem at once, each naming its place. */
export type ReadDefinition = {
  readonly definition?: FlowDefinition;
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
};

export type NewFlow = {
  readonly name: string;
  readonly description: string;
  readonly flowType: string;
  readonly createUser: string;
  /** JSON text. */
  readonly definition: string;
};

export type FlowChange = Partial<Pick<FlowRow, 'name' | 'description' | 'flowType'>> & {
  readonly updatedUser?: string;
  /** JSON text: a new version, where it differs from the latest. */
  readonly definition?: string;
};

/** A flow with one version of its definition, as it was sent. */
export type FlowView = {
  readonly flow: FlowRow;
  readonly shown: number;
  readonly definition: string;
  readonly warnings: readonly string[];
};

export type FlowRefused =
  | { readonly kind: 'not_found' }
  | { readonly kind: 'name_taken' }
  | { readonly kind: 'invalid'; readonly problems: readonly string[] };

export type Page<T> = {
  readonly rows: readonly T[];
  readonly total: number;
  /** Reading stopped after 2,000 rows that did not match. */
  readonly partial: boolean;
};

export type Flows = {
  readonly create: (input: NewFlow) => Promise<{ readonly kind: 'created'; readonly view: FlowView } | FlowRefused>;
  readonly get: (id: string, version?: number) => Promise<FlowView | undefined>;
  readonly change: (
    id: string,
    change: FlowChange,
  ) => Promise<{ readonly kind: 'changed'; readonly view: FlowView } | FlowRefused>;
  readonly setActive: (id: string, active: boolean, by?: string) => Promise<FlowRow | undefined>;
  /** `in_use`: a transaction of it has not ended. */
  readonly remove: (id: string) => Promise<'removed' | 'not_found' | 'in_use'>;
  readonly list: (page: { readonly offset: number; readonly limit: number }) => Promise<Page<FlowRow>>;
  readonly rehearse: (id: string, version?: number) => Promise<Rehearsal | undefined>;
  /** The definition of a version, ready to be executed; remembered by the instance. */
  readonly load: (id: string, version: number) => Promise<Flow | undefined>;
};

/** One step as people see it. Its newest run, where it has one. */
export type StepView = {
  readonly step: string;
  readonly taskName: string;
  readonly description: string;
  readonly type: string;
  readonly state: Saga['steps'][string];
  /** Depends on what has failed. */
  readonly blocked: boolean;
  readonly run?: Run;
  readonly undoRun?: Run;
};

export type SagaDetail = {
  readonly saga: Saga;
  readonly flow: Flow;
  readonly params: JsonObject;
  readonly steps: readonly StepView[];
  /** All that is kept of its steps and their undos, by id. What lies beside the rows is not there. */
  readonly runs: ReadonlyMap<string, Run>;
};

export type StartResult =
  /** The row as it was first committed. */
  | { readonly kind: 'started'; readonly saga: Saga }
  | { readonly kind: 'known'; readonly saga: Saga }
  /** Started before, so long ago that its row is gone. */
  | { readonly kind: 'forgotten' }
  | { readonly kind: 'different'; readonly differs: readonly ('flow_id' | 'params')[] }
  | { readonly kind: 'flow_not_found' | 'flow_inactive' }
  | { readonly kind: 'bad_params'; readonly problems: readonly string[] };

export type CommandResult =
  | { readonly kind: 'done'; readonly saga: Saga }
  | { readonly kind: 'not_found' }
  | { readonly kind: 'refused'; readonly why: SagaRefusal };

export type SagaFilter = {
  readonly flow?: string;
  readonly statuses?: readonly SagaStatus[];
  /** Epoch ms. */
  readonly since?: number;
};

export type Sagas = {
  readonly start: (input: {
    readonly instance: string;
    readonly flow: string;
    readonly params: JsonObject;
  }) => Promise<StartResult>;
  readonly get: (instance: string) => Promise<SagaDetail | undefined>;
  readonly list: (filter: SagaFilter, page: { readonly offset: number; readonly limit: number }) => Promise<Page<Saga>>;
  readonly retry: (instance: string, by: string) => Promise<CommandResult>;
  readonly cancel: (instance: string, by: string, leave: boolean) => Promise<CommandResult>;
  /** Ends a step that waits for a signal. `not_waiting`: no such step waits. */
  readonly signal: (instance: string, step: string, output: Json) => Promise<'done' | 'not_found' | 'not_waiting'>;
  /** A run of a step or an undo is settled. For any other run nothing happens. Never throws: an alarm finishes what it leaves. */
  readonly ended: (run: Run) => Promise<void>;
};

export type DeskResult =
  | { readonly kind: 'done'; readonly exception: SagaException; readonly saga: Saga }
  /** It waits for a second person. */
  | { readonly kind: 'proposed'; readonly exception: SagaException }
  | { readonly kind: 'not_found' }
  /** Whoever proposed it cannot approve it; and who has no name can do neither. */
  | { readonly kind: 'same_person' | 'nobody' | 'nothing_proposed' }
  | { readonly kind: 'refused'; readonly why: SagaRefusal };

/** Who speaks at the desk. */
export type DeskPerson = {
  /** The principal's id, or `anonymous`: what is noted. */
  readonly id: string;
  /** Whom that principal acts for: a second person is one for whom another acts. */
  readonly person: string;
};

export type DeskRequest = {
  readonly action: DeskAction;
  /** Of a retry: when. Absent: after the interval that the flow gives. Epoch ms. */
  readonly at?: number;
  readonly input?: JsonObject;
  readonly output?: Json;
  readonly remark?: string;
};

export type ExceptionFilter = {
  readonly handled?: boolean;
  readonly flow?: string;
  readonly since?: number;
  readonly until?: number;
  readonly errorHas?: string;
  /** Whether a retry of it is asked for, and has no outcome yet. */
  readonly retried?: boolean;
};

export type Desk = {
  readonly get: (id: string) => Promise<SagaException | undefined>;
  readonly list: (
    filter: ExceptionFilter,
    page: { readonly offset: number; readonly limit: number },
  ) => Promise<Page<SagaException>>;
  readonly act: (id: string, request: DeskRequest, by: DeskPerson) => Promise<DeskResult>;
  readonly handle: (id: string, remark: string | undefined, by: DeskPerson) => Promise<DeskResult>;
  /** Carries out the proposal of that number, or drops it. */
  readonly decide: (id: string, proposal: number, approve: boolean, by: DeskPerson) => Promise<DeskResult>;
  readonly assign: (id: string, to: string | undefined, by: string) => Promise<SagaException | undefined>;
  readonly comment: (id: string, text: string, by: string) => Promise<SagaException | undefined>;
  /** Retries what matches and is not being retried, at most 100 of them, oldest last. `more`: there are others. */
  readonly retryMany: (
    filter: ExceptionFilter,
    at: number,
    by: string,
    dryRun: boolean,
  ) => Promise<{
    readonly matched: readonly string[];
    readonly retried: readonly string[];
    readonly refused: readonly { readonly id: string; readonly why: string }[];
    readonly more: boolean;
  }>;
};

export type SagaStats = {
  readonly total: number;
  readonly byStatus: Readonly<Record<SagaStatus, number>>;
  /** Of those that have succeeded, in s. */
  readonly averageSeconds: number;
  /** 0 to 1; 1 where none has ended. */
  readonly successRate: number;
};

export type SagaStatistics = {
  /** @param hours the transactions that were started in the last so many (1–168); absent: all, with rates of the last 24 */
  readonly overview: (hours?: number) => Promise<SagaStats & { readonly exceptionsToday: number }>;
  /** Undefined: there is no such flow. */
  readonly ofFlow: (flow: string, hours?: number) => Promise<SagaStats | undefined>;
};

export type { SagaCommand };
