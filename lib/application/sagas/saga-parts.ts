import { readStoredDefinition } from '../../contracts/flow-definition.ts';
import { command } from '../../domain/saga/command.ts';
import type { Engine } from '../api.ts';
import type { Ports } from '../ports/index.ts';
import type { CreateRun } from '../runs/create-run.ts';
import type { Fulfil } from '../runs/fulfil-run.ts';
import { type AdvanceSaga, createAdvanceSaga } from './advance-saga.ts';
import { type CarryOut, createCarryOut } from './carry-out.ts';
import { type Children, createChildren } from './children.ts';
import { createLoadFlow } from './load-flow.ts';
import { createOutputOf, createReadOutputs } from './outputs.ts';
import { createReadSaga, type ReadSaga } from './read-view.ts';
import { createStartSaga, type StartSaga } from './start-saga.ts';

type Tools = {
  readonly createRun: CreateRun;
  readonly cancelRun: Engine['cancelRun'];
  readonly fulfil: Fulfil;
};

export type SagaParts = AdvanceSaga & {
  readonly readSaga: ReadSaga;
  readonly carryOut: CarryOut;
  readonly children: Children;
  readonly startSaga: StartSaga;
  readonly fulfil: Fulfil;
};

/** What moves transactions on, wherever a run ends; what people ask of them is no part of it. */
export const createSagaParts = (ports: Ports, tools: Tools): SagaParts => {
  const { fulfil } = tools;
  const flows = { load: createLoadFlow(ports, { readStoredDefinition }) };
  const readOutputs = createReadOutputs(ports, createOutputOf(ports));

  // A transaction starts, turns back and tells transactions: each of these needs the others, so they are named before they are.
  const children = createChildren(ports, {
    ...{ fulfil, readOutputs, cancelRun: tools.cancelRun },
    flowOf: (saga) => readSaga.flowOf(saga),
    startSaga: (input) => startSaga(input),
    cancelSaga: (no, leave) => advancing.decide(no, (view) => command(view, { kind: 'cancel', by: 'system', leave })),
    ended: (run) => advancing.ended(run),
  });
  const readSaga = createReadSaga(ports, { flows, readOutputs, hasBegun: children.hasBegun });
  const carryOut = createCarryOut(ports, {
    createRun: tools.createRun,
    stop: children.stop,
    startChild: children.start,
    report: children.report,
  });
  const advancing = createAdvanceSaga(ports, {
    ...{ readSaga, carryOut },
    abandonChild: children.abandon,
  });
  const { decide, holding } = advancing;
  const startSaga = createStartSaga(ports, { flows, carryOut, decide, holding });
  return { ...advancing, readSaga, carryOut, children, startSaga, fulfil };
};
