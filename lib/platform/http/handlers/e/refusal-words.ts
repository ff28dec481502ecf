/** Why a command changes nothing, in API E's words. */
import { MAX_GIVEN_BYTES, type SagaRefusal } from '../../../../domain/saga/decision.ts';

const WORDS: Readonly<Record<SagaRefusal, string>> = {
  not_failed: 'only failed transactions can be retried',
  ended: 'the transaction has ended',
  being_cancelled: 'the transaction is being cancelled: what runs is stopped, and nothing is undone',
  in_progress: 'a retry of it is under way: wait for its outcome',
  planned: 'a retry of it is planned for another instant, and cannot be moved: wait for its outcome',
  two_persons:
    'the flow asks for two persons: settle its exceptions at the desk (POST /api/v1/exceptions/:id/…), where a second person approves',
  not_proposed: 'this is no longer what is proposed: read the exception again',
  unwinding: 'the transaction unwinds: settle its compensations, or turn it forward first',
  already_handled: 'this exception is already handled',
  not_retryable: 'this exception is configured to not retry',
  past_pivot: 'a task that there is no way back from has succeeded (pivot): the transaction can only go forward',
  nothing_to_undo: 'the flow has no compensation: nothing can be undone',
  not_backward: 'the transaction does not unwind: it goes forward already',
  too_large: `the inputs and outputs that people gave to one transaction may have ${MAX_GIVEN_BYTES} bytes in all`,
};

export const refusalWord = (why: SagaRefusal): string => WORDS[why];

/** What only a request on many meets. */
const MANY: ReadonlyMap<string, string> = new Map([
  ...Object.entries(WORDS),
  ['two_persons', 'the flow asks for two persons: propose the retry for this exception alone'],
  ['not_found', 'its transaction is gone'],
  ['fault', 'it could not be retried right now: ask again'],
]);

/** Of one among many that were asked to be retried. */
export const bulkRefusalWord = (why: string): string => MANY.get(why) ?? why;
