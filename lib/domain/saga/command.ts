/** What a person's word does to a saga. */
import { proceed } from './advance.ts';
import { retryUndos } from './begin.ts';
import type { SagaAnswer, SagaCommand, SagaRefusal, SagaView } from './decision.ts';
import { actAtDesk, handle } from './desk.ts';
import { closeDraft, type Draft, openDraft, setStep, stateOf } from './draft.ts';
import { markRetried } from './exceptions.ts';
import { isSagaEnded } from './saga.ts';
import { settle } from './settle.ts';
import { isBarred, turnBack } from './turn.ts';

/** Steps that have failed begin anew; what was kept from beginning by them follows. */
const retry = (draft: Draft, by: string): SagaRefusal | undefined => {
  if (draft.status !== 'failed') {
    return 'not_failed';
  }
  retryUndos(draft, by);
  for (const step of draft.direction === 'forward' ? draft.view.flow.steps : []) {
    const state = stateOf(draft, step);
    if (state.status === 'failed' && state.undo === undefined) {
      markRetried(draft, step, false, draft.view.now, by);
      setStep(draft, step, { ...state, status: 'pending' });
    }
  }
  return undefined;
};

const cancel = (draft: Draft, { leave, by }: Extract<SagaCommand, { kind: 'cancel' }>): SagaRefusal | undefined => {
  if (!leave && draft.direction === 'forward' && isBarred(draft)) {
    return 'past_pivot';
  }
  draft.cancelled = true;
  draft.leave = leave;
  if (leave || draft.direction === 'forward') {
    turnBack(draft);
  }
  if (leave) {
    // What waits for the word of its worker only is not waited for any more.
    settle(draft);
  } else {
    retryUndos(draft, by);
  }
  return undefined;
};

const apply = (draft: Draft, word: SagaCommand): SagaRefusal | undefined => {
  if ('exception' in word && word.exception.handled !== undefined) {
    return 'already_handled';
  }
  if (isSagaEnded(draft)) {
    return word.kind === 'retry' ? 'not_failed' : 'ended';
  }
  if (draft.leave) {
    return 'being_cancelled';
  }
  switch (word.kind) {
    case 'retry':
      return retry(draft, word.by);
    case 'cancel':
      return cancel(draft, word);
    case 'desk':
      return actAtDesk(draft, word);
    case 'handle':
      return handle(draft, word);
  }
};

/** @param view a complete one */
export const command = (view: SagaView, word: SagaCommand): SagaAnswer => {
  const draft = openDraft(view);
  if (!isSagaEnded(view.saga)) {
    settle(draft);
  }
  const refused = apply(draft, word);
  if (refused !== undefined) {
    return { refused };
  }
  proceed(draft, word.by);
  return { ...closeDraft(draft), ...('exception' in word ? { judged: word.exception } : {}) };
};
