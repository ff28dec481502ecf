/** An exception in API E's words. */
import type { ExceptionRow, ExceptionShown } from '../../../../contracts/http/e/exception.ts';
import { readOutput } from '../../../../domain/flow/read-output.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import type { DeskNote, Proposal, SagaException } from '../../../../domain/saga/saga.ts';
import { givenOf } from './e-answers.ts';
import { taskIdOf } from './transaction-view.ts';

const instant = (epochMs: number | undefined): string | undefined =>
  epochMs === undefined ? undefined : formatInstant(epochMs);

const givenValue = (text: string | undefined) => (text === undefined ? undefined : readOutput(text));

const proposalView = ({ id, action, by, at, retryAt, input, output, remark }: Proposal) => ({
  ...{ id, action, by },
  at: formatInstant(at),
  ...givenOf({ retry_next_at: instant(retryAt), input: givenValue(input), output: givenValue(output), remark }),
});

export const exceptionRowView = (exception: SagaException): ExceptionRow => {
  const { handled, proposal } = exception;
  return {
    id: Number(exception.id),
    task_id: taskIdOf(exception.instance, exception.step),
    task_name: exception.taskName,
    error_message: exception.error,
    handled: handled !== undefined,
    instance_id: exception.instance,
    flow_id: exception.flow,
    flow_name: exception.flowName,
    definition_id: exception.step,
    compensation: exception.undo === true,
    error_reason: exception.reason,
    retry_strategy: exception.strategy,
    retry_times: exception.tries,
    retry_max: exception.maxTries,
    retry_interval: exception.intervalMs / 1_000,
    occurred_at: formatInstant(exception.at),
    ...givenOf({
      run_id: exception.run,
      retry_next_at: handled === undefined ? instant(exception.retryAt) : undefined,
      handled_at: instant(handled?.at),
      handled_by: handled?.by,
      handled_as: handled?.as,
      handled_remark: handled?.remark,
      assignee: exception.assignee,
      proposal: proposal === undefined ? undefined : proposalView(proposal),
    }),
  };
};

const noteView = ({ at, by, what, text }: DeskNote) => ({
  at: formatInstant(at),
  by,
  what,
  ...(text === undefined ? {} : { text }),
});

export const exceptionView = (exception: SagaException): ExceptionShown => ({
  ...exceptionRowView(exception),
  notes: exception.notes.map(noteView),
});
