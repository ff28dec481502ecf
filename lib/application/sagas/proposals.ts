/** What a person asks of the desk, as a command; and as a proposal, until a second person has approved it. */
import type { SagaCommand } from '../../domain/saga/decision.ts';
import type { Proposal, SagaException } from '../../domain/saga/saga.ts';
import type { DeskPerson, DeskRequest } from './api.ts';

export type DeskCommand = Extract<SagaCommand, { kind: 'desk' | 'handle' }>;

export const toCommand = (exception: SagaException, request: DeskRequest, by: string): DeskCommand => {
  const { action, at, input, output, remark } = request;
  return {
    ...{ kind: 'desk', action, exception, by },
    ...(at === undefined ? {} : { at }),
    ...(input === undefined ? {} : { input: JSON.stringify(input) }),
    ...(output === undefined ? {} : { output: JSON.stringify(output) }),
    ...(remark === undefined ? {} : { remark }),
  };
};

export const toHandle = (exception: SagaException, remark: string | undefined, by: string): DeskCommand => ({
  ...{ kind: 'handle', exception, by },
  ...(remark === undefined ? {} : { remark }),
});

/** @param row that it is to be written on: the number of that write is the proposal's, so no other ever has it */
export const toProposal = (row: SagaException, asked: DeskCommand, person: string, now: number): Proposal => {
  const { by, remark } = asked;
  const said = { ...{ id: row.version + 1, by, person, at: now }, ...(remark === undefined ? {} : { remark }) };
  if (asked.kind === 'handle') {
    return { action: 'handle', ...said };
  }
  const { action, at, input, output } = asked;
  return {
    ...{ action, ...said },
    ...(at === undefined ? {} : { retryAt: at }),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  };
};

/** @param by who approves it */
export const fromProposal = (exception: SagaException, proposal: Proposal, by: string): DeskCommand => {
  const { action, retryAt, input, output, remark } = proposal;
  if (action === 'handle') {
    return toHandle(exception, remark, by);
  }
  return {
    ...{ kind: 'desk', action, exception, by },
    ...(retryAt === undefined ? {} : { at: retryAt }),
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
    ...(remark === undefined ? {} : { remark }),
  };
};

/** Who has no name cannot be told from a second person. */
export const isNobody = ({ id }: DeskPerson): boolean => id === 'anonymous';
