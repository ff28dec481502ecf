import { command } from '../../domain/saga/command.ts';
import type { Saga, SagaException } from '../../domain/saga/saga.ts';
import { racing } from '../identity/racing.ts';
import type { Ports } from '../ports/index.ts';
import type { AdvanceSaga, Answered } from './advance-saga.ts';
import type { Desk, DeskPerson, DeskResult } from './api.ts';
import { noted } from './exception-writes.ts';
import { createListExceptions } from './list-exceptions.ts';
import { type DeskCommand, fromProposal, isNobody, toCommand, toHandle, toProposal } from './proposals.ts';
import type { ReadSaga, ReadView } from './read-view.ts';
import { createRetryMany } from './retry-many.ts';

type Tools = {
  readonly readSaga: Pick<ReadSaga, 'flowOf' | 'whole'>;
  readonly decide: AdvanceSaga['decide'];
};

type Refused = Extract<DeskResult, { kind: 'refused' }>;

const ALREADY_HANDLED: Refused = { kind: 'refused', why: 'already_handled' };
/** Another took its place, it was dropped, or something that happened settled it. */
const NOT_PROPOSED: Refused = { kind: 'refused', why: 'not_proposed' };

/** Where people deal with what failed for good. */
export const createDesk = (ports: Ports, tools: Tools): Desk => {
  const { sagas, sagaExceptions, now } = ports;
  const { readSaga, decide } = tools;
  const list = createListExceptions(ports);

  const get: Desk['get'] = (id) => sagaExceptions.get(id);

  /** The exception and its transaction, as they are after it. */
  const answer = async (id: string, answered: Answered): Promise<DeskResult> => {
    if (answered.kind !== 'done') {
      return answered;
    }
    const exception = await get(id);
    return exception === undefined ? { kind: 'not_found' } : { kind: 'done', exception, saga: answered.saga };
  };

  const carryOut = async (
    { id, saga }: SagaException,
    toAsk: (fresh: SagaException) => DeskCommand | Refused,
  ): Promise<DeskResult> => {
    const ask = async (view: ReadView) => {
      const fresh = await get(id);
      const asked = fresh === undefined ? ALREADY_HANDLED : toAsk(fresh);
      return asked.kind === 'refused' ? { refused: asked.why } : command(view, asked);
    };
    return answer(id, await decide(saga, ask));
  };

  /** @param to undefined: it is left as it is */
  const change = (
    id: string,
    to: (exception: SagaException) => SagaException | undefined,
  ): Promise<SagaException | undefined> =>
    racing<SagaException | undefined>(`Exception ${id}`, async () => {
      const before = await get(id);
      const after = before && to(before);
      if (before === undefined || after === undefined) {
        return undefined;
      }
      return (await sagaExceptions.write(before, after)) === 'done' ? after : 'changed';
    });

  /** Writes down what a second person is to decide on. What would be refused is refused at once. */
  const propose = async (saga: Saga, asked: DeskCommand, person: string): Promise<DeskResult> => {
    const judged = command(await readSaga.whole(saga, []), asked);
    if ('refused' in judged) {
      return { kind: 'refused', why: judged.refused };
    }
    const proposed = await change(asked.exception.id, (row) => {
      const proposal = toProposal(row, asked, person, now());
      const note = { at: now(), by: asked.by, what: `proposed_${proposal.action}` };
      return row.handled === undefined ? noted({ ...row, proposal }, note) : undefined;
    });
    return proposed === undefined ? ALREADY_HANDLED : { kind: 'proposed', exception: proposed };
  };

  /** The row tells the version of the flow, which tells whether it takes two: a reading that lags may not find it. */
  const sagaOf = (exception: SagaException): Promise<Saga | undefined> => sagas.get(exception.saga, 'consistent');

  const act = async (
    id: string,
    by: DeskPerson,
    toAsk: (exception: SagaException) => DeskCommand,
  ): Promise<DeskResult> => {
    const exception = await get(id);
    const saga = exception && (await sagaOf(exception));
    if (exception === undefined || saga === undefined) {
      return { kind: 'not_found' };
    }
    if (!(await readSaga.flowOf(saga)).twoPersons) {
      return carryOut(exception, toAsk);
    }
    return isNobody(by) ? { kind: 'nobody' } : propose(saga, toAsk(exception), by.person);
  };

  const drop = async (exception: SagaException, proposed: number, by: string): Promise<DeskResult> => {
    const after = await change(exception.id, ({ proposal, ...row }) =>
      proposal?.id === proposed ? noted(row, { at: now(), by, what: 'rejected' }) : undefined,
    );
    const saga = await sagaOf(exception);
    if (after === undefined) {
      return NOT_PROPOSED;
    }
    return saga === undefined ? { kind: 'not_found' } : { kind: 'done', exception: after, saga };
  };

  const decideOn: Desk['decide'] = async (id, proposed, approve, by) => {
    const exception = await get(id);
    if (exception === undefined) {
      return { kind: 'not_found' };
    }
    const { proposal } = exception;
    if (proposal === undefined) {
      return { kind: 'nothing_proposed' };
    }
    if (isNobody(by)) {
      return { kind: 'nobody' };
    }
    if (proposal.id !== proposed) {
      return NOT_PROPOSED;
    }
    if (!approve) {
      return drop(exception, proposed, by.id);
    }
    if (proposal.person === by.person) {
      return { kind: 'same_person' };
    }
    return carryOut(exception, (fresh) =>
      fresh.proposal?.id === proposed ? fromProposal(fresh, fresh.proposal, by.id) : NOT_PROPOSED,
    );
  };

  const retryOne = async (exception: SagaException, at: number, by: string): Promise<string | undefined> => {
    const saga = await sagaOf(exception);
    if (saga === undefined) {
      return 'not_found';
    }
    if ((await readSaga.flowOf(saga)).twoPersons) {
      return 'two_persons';
    }
    const result = await carryOut(exception, (fresh) => toCommand(fresh, { action: 'retry', at }, by));
    return result.kind === 'refused' ? result.why : result.kind === 'done' ? undefined : result.kind;
  };

  return {
    get,
    list,
    act: (id, request, by) => act(id, by, (exception) => toCommand(exception, request, by.id)),
    handle: (id, remark, by) => act(id, by, (exception) => toHandle(exception, remark, by.id)),
    decide: decideOn,
    assign: (id, to, by) =>
      change(id, ({ assignee: _assignee, ...row }) =>
        noted(
          { ...row, ...(to === undefined ? {} : { assignee: to }) },
          { at: now(), by, what: 'assign', ...(to === undefined ? {} : { text: to }) },
        ),
      ),
    comment: (id, text, by) => change(id, (row) => noted(row, { at: now(), by, what: 'comment', text })),
    retryMany: createRetryMany(ports, { list, retry: retryOne }),
  };
};
