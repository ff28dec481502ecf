import type { ExceptionIntent, SagaDecision } from '../../domain/saga/decision.ts';
import { type DeskNote, MAX_DESK_NOTE_BYTES, MAX_DESK_NOTES, type SagaException } from '../../domain/saga/saga.ts';
import type { ExceptionWrite, SagaExceptionStore } from '../ports/index.ts';

const bytesOf = (note: DeskNote): number => Buffer.byteLength(JSON.stringify(note));

/** The newest that fit. */
const newest = (notes: readonly DeskNote[]): readonly DeskNote[] => {
  let bytes = 0;
  const oldest = notes.findLastIndex((note) => {
    bytes += bytesOf(note);
    return bytes > MAX_DESK_NOTE_BYTES;
  });
  return notes.slice(oldest + 1).slice(-MAX_DESK_NOTES);
};

/** The exception with what happened to it added, and the oldest left out where there is too much. */
export const noted = (exception: SagaException, note: DeskNote): SagaException => ({
  ...exception,
  notes: newest([...exception.notes, note]),
  version: exception.version + 1,
});

type Change = Exclude<ExceptionIntent, { kind: 'open' }>;

/** What a decision makes of an exception. Undefined: it is so already. */
export const applied = (
  before: SagaException,
  intent: Change,
  at: number,
  retentionMs: number,
): SagaException | undefined => {
  // A decision on more exceptions than one write takes may have handled this one, and then have been lost.
  if (before.handled !== undefined && intent.kind !== 'reopen') {
    return undefined;
  }
  const { retryAt: _retryAt, proposal: _proposal, handled: _handled, expiresAt: _expiresAt, ...rest } = before;
  switch (intent.kind) {
    case 'reopen': {
      const { error, reason, tries, run } = intent;
      const what = 'retry_failed';
      return noted(
        { ...rest, error, reason, tries: rest.tries + tries, ...(run === undefined ? {} : { run }) },
        { at, by: 'system', what, text: error },
      );
    }
    case 'retry': {
      const text = new Date(intent.retryAt).toISOString();
      return noted({ ...rest, retryAt: intent.retryAt }, { at, by: intent.by, what: 'retry', text });
    }
    case 'note': {
      const { what, by, remark } = intent;
      const { proposal: _settled, ...open } = before;
      return noted(open, { at, by, what, ...(remark === undefined ? {} : { text: remark }) });
    }
    case 'handle': {
      const { as, by, remark } = intent;
      const said = remark === undefined ? {} : { remark };
      const note = { at, by, what: as, ...(remark === undefined ? {} : { text: remark }) };
      return noted({ ...rest, handled: { at, by, as, ...said }, expiresAt: at + retentionMs }, note);
    }
  }
};

/**
 * The writes of a decision's intents, several on one exception in their order. What a person's word was judged on is not read
 * again: had somebody changed it meanwhile, the write of the new reading would go past that.
 */
export const toExceptionWrites = async (
  { get }: Pick<SagaExceptionStore, 'get'>,
  { exceptions: intents, judged }: Pick<SagaDecision, 'exceptions' | 'judged'>,
  at: number,
  retentionMs: number,
): Promise<readonly ExceptionWrite[]> => {
  const changesOf = (id: string): readonly Change[] =>
    intents.flatMap((intent) => (intent.kind !== 'open' && intent.id === id ? [intent] : []));
  const changed = (before: SagaException, changes: readonly Change[]): SagaException =>
    changes.reduce((row, change) => applied(row, change, at, retentionMs) ?? row, before);

  const opened = intents.flatMap((intent) => (intent.kind === 'open' ? [intent.exception] : []));
  const ids = new Set(intents.flatMap((intent) => (intent.kind === 'open' ? [] : [intent.id])));
  const others = [...ids].filter((id) => !opened.some((exception) => exception.id === id));
  const changes = await Promise.all(
    others.map(async (id): Promise<ExceptionWrite[]> => {
      const before = judged?.id === id ? judged : await get(id);
      const after = before && changed(before, changesOf(id));
      return before === undefined || after === undefined || after === before
        ? []
        : [{ kind: 'change', before, after: { ...after, version: before.version + 1 } }];
    }),
  );
  return [
    ...opened.map(
      (exception): ExceptionWrite => ({ kind: 'open', exception: changed(exception, changesOf(exception.id)) }),
    ),
    ...changes.flat(),
  ];
};
