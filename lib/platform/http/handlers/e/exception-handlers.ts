/** API E's exceptions, and the desk. */
import type { Caller } from '../../../../application/identity/api.ts';
import type { Desk, DeskPerson, DeskRequest, DeskResult } from '../../../../application/sagas/api.ts';
import { MAX_WAIT_MS } from '../../../../domain/flow/config.ts';
import type { AuditAction, AuditDraft } from '../../../../domain/identity/audit.ts';
import { isPlainId } from '../../../../domain/ids.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import type { DeskAction, Proposal, SagaException } from '../../../../domain/saga/saga.ts';
import type { Handlers } from '../../serve.ts';
import { bad, givenOf, ok, pageView, placeOf, UNKNOWN_EXCEPTION } from './e-answers.ts';
import { exceptionRowView, exceptionView } from './exception-view.ts';
import { bulkRefusalWord, refusalWord } from './refusal-words.ts';
import { STATUS_WORD, taskIdOf } from './transaction-view.ts';

export type ExceptionDependencies = {
  readonly engine: { readonly desk: Desk };
  /** Appends to the audit log. */
  readonly record: (draft: AuditDraft) => Promise<void>;
  /** Epoch ms. */
  readonly now: () => number;
};

type Ids =
  | 'listExceptions'
  | 'getException'
  | 'handleException'
  | 'retryException'
  | 'skipException'
  | 'completeException'
  | 'compensateException'
  | 'forwardException'
  | 'assignException'
  | 'commentException'
  | 'approveException'
  | 'rejectException'
  | 'retryExceptions';

const HANDLED = 'this exception is already handled';
const TOO_FAR = bad('at must be at most 366 days ahead');

/** A key acts for the user that made it; who comes from elsewhere is told apart by the name they have there. */
const personOf = ({ principal: { id, user } }: Caller): DeskPerson => ({
  id,
  person: user === undefined ? id : `user:${user}`,
});

type Undone = Exclude<DeskResult, { readonly kind: 'done' | 'proposed' }>;

const refusalOf = (result: Undone) => {
  switch (result.kind) {
    case 'not_found':
      return UNKNOWN_EXCEPTION;
    case 'refused':
      return bad(refusalWord(result.why));
    case 'nothing_proposed':
      return bad('nothing is proposed for this exception');
    case 'same_person':
      return { status: 403, error: 'whoever proposed it cannot approve it: it takes a second person' } as const;
    case 'nobody':
      return {
        status: 403,
        error: 'this flow asks for two persons, and for that you have to be known: send a credential',
      } as const;
  }
};

const answerOf = (result: DeskResult) => {
  switch (result.kind) {
    case 'done':
      return ok({ ...exceptionView(result.exception), transaction_status: STATUS_WORD[result.saga.status] });
    case 'proposed':
      return ok(exceptionView(result.exception));
    default:
      return refusalOf(result);
  }
};

export const exceptionHandlers = ({ engine, record, now }: ExceptionDependencies): Pick<Handlers, Ids> => {
  const { desk } = engine;

  const find = async (id: string): Promise<SagaException | undefined> => (isPlainId(id) ? desk.get(id) : undefined);

  const write = (
    { principal, address, requestId }: Caller,
    action: AuditAction,
    entity: string,
    detail: string,
  ): Promise<void> => record({ at: now(), actor: principal.id, action, entity, address, requestId, detail });

  /** Before it is done: nothing happens unrecorded. After the look: made-up ids leave no entries. */
  const noted = (
    caller: Caller,
    action: AuditAction,
    { id, instance, step }: SagaException,
    proposed?: Proposal,
  ): Promise<void> => {
    const task = `task ${taskIdOf(instance, step)}`;
    return write(caller, action, `exception:${id}`, proposed === undefined ? task : `${proposed.action} of ${task}`);
  };

  const act = async (
    id: string,
    caller: Caller,
    action: DeskAction,
    given: Omit<DeskRequest, 'action'>,
    handled = HANDLED,
  ): Promise<DeskResult | ReturnType<typeof bad>> => {
    const exception = await find(id);
    if (exception === undefined) {
      return { kind: 'not_found' };
    }
    if (exception.handled !== undefined) {
      return bad(handled);
    }
    await noted(caller, `exception.${action}`, exception);
    return desk.act(id, { action, ...given }, personOf(caller));
  };

  const settle = async (...asked: Parameters<typeof act>) => {
    const result = await act(...asked);
    return 'kind' in result ? answerOf(result) : result;
  };

  const change = async (
    id: string,
    caller: Caller,
    action: AuditAction,
    make: () => Promise<SagaException | undefined>,
  ) => {
    const exception = await find(id);
    if (exception === undefined) {
      return UNKNOWN_EXCEPTION;
    }
    await noted(caller, action, exception);
    const changed = await make();
    return changed === undefined ? UNKNOWN_EXCEPTION : ok(exceptionView(changed));
  };

  const decide = async (id: string, caller: Caller, proposed: number, approve: boolean) => {
    const exception = await find(id);
    if (exception === undefined) {
      return UNKNOWN_EXCEPTION;
    }
    const { proposal } = exception;
    if (proposal === undefined) {
      return refusalOf({ kind: 'nothing_proposed' });
    }
    // No entry may read as if one person had approved what they had proposed, or somebody what they had not read.
    if (proposal.id !== proposed) {
      return refusalOf({ kind: 'refused', why: 'not_proposed' });
    }
    if (approve && proposal.person === personOf(caller).person) {
      return refusalOf({ kind: 'same_person' });
    }
    await noted(caller, approve ? 'exception.approve' : 'exception.reject', exception, proposal);
    return answerOf(await desk.decide(id, proposed, approve, personOf(caller)));
  };

  return {
    listExceptions: async ({ query }) => {
      const { handled, flow_id: flow, since } = query;
      if (flow !== undefined && !isPlainId(flow)) {
        return pageView(query, { rows: [], total: 0, partial: false }, exceptionRowView);
      }
      const page = await desk.list(givenOf({ handled, flow, since }), placeOf(query));
      return pageView(query, page, exceptionRowView);
    },

    getException: async ({ params }) => {
      const exception = await find(params.id);
      return exception === undefined ? UNKNOWN_EXCEPTION : ok(exceptionView(exception));
    },

    handleException: async ({ params: { id }, body: { remark } }, caller) => {
      const exception = await find(id);
      if (exception === undefined) {
        return UNKNOWN_EXCEPTION;
      }
      if (exception.handled !== undefined) {
        return bad(HANDLED);
      }
      await noted(caller, 'exception.handle', exception);
      const result = await desk.handle(id, remark, personOf(caller));
      if (result.kind !== 'done' && result.kind !== 'proposed') {
        return refusalOf(result);
      }
      const { handled, proposal } = exceptionRowView(result.exception);
      return ok({ exception_id: Number(id), handled, ...givenOf({ proposal }) });
    },

    retryException: async ({ params: { id }, body: { at, input, remark } }, caller) => {
      if (at !== undefined && at > now() + MAX_WAIT_MS) {
        return TOO_FAR;
      }
      const given = givenOf({ at, input, remark });
      const result = await act(id, caller, 'retry', given, 'handled exception cannot be retried');
      if (!('kind' in result)) {
        return result;
      }
      if (result.kind !== 'done' && result.kind !== 'proposed') {
        return refusalOf(result);
      }
      const { retry_next_at, proposal } = exceptionRowView(result.exception);
      const isDone = result.kind === 'done';
      return ok({
        ...{ exception_id: Number(id), retry_scheduled: isDone },
        ...(isDone ? givenOf({ retry_next_at }) : givenOf({ proposal })),
      });
    },

    skipException: ({ params: { id }, body: { output, remark } }, caller) =>
      settle(id, caller, 'skip', { output, ...givenOf({ remark }) }),
    completeException: ({ params: { id }, body: { output, remark } }, caller) =>
      settle(id, caller, 'done', { output, ...givenOf({ remark }) }),
    compensateException: ({ params: { id }, body: { remark } }, caller) =>
      settle(id, caller, 'compensate', givenOf({ remark })),
    forwardException: ({ params: { id }, body: { remark } }, caller) =>
      settle(id, caller, 'forward', givenOf({ remark })),

    assignException: ({ params: { id }, body: { assignee } }, caller) =>
      change(id, caller, 'exception.assign', () => desk.assign(id, assignee, caller.principal.id)),
    commentException: ({ params: { id }, body: { text } }, caller) =>
      change(id, caller, 'exception.comment', () => desk.comment(id, text, caller.principal.id)),

    approveException: ({ params: { id }, body }, caller) => decide(id, caller, body.proposal_id, true),
    rejectException: ({ params: { id }, body }, caller) => decide(id, caller, body.proposal_id, false),

    retryExceptions: async ({ body }, caller) => {
      const { from: since, to: until, flow_id: flow, error_contains: errorHas, dry_run: dryRun = false, at } = body;
      const when = at ?? now();
      if (when > now() + MAX_WAIT_MS) {
        return TOO_FAR;
      }
      if (flow !== undefined && !isPlainId(flow)) {
        return ok({ dry_run: dryRun, matched: [], retried: [], refused: [], more: false });
      }
      const filter = { handled: false, ...givenOf({ flow, since, until, errorHas }) };
      if (!dryRun) {
        // Before the retries, and in one entry: nothing is retried unrecorded, and the log keeps up.
        const what = { from: formatInstant(since), to: formatInstant(until), flow_id: flow, error_contains: errorHas };
        await write(caller, 'exception.retry', 'exceptions', JSON.stringify(what));
      }
      const { matched, retried, refused, more } = await desk.retryMany(filter, when, caller.principal.id, dryRun);
      return ok({
        dry_run: dryRun,
        matched: matched.map(Number),
        retried: retried.map(Number),
        refused: refused.map(({ id, why }) => ({ exception_id: Number(id), message: bulkRefusalWord(why) })),
        more,
      });
    },
  };
};
