/** API E's flows. */
import type { FlowRefused, Flows, FlowView } from '../../../../application/sagas/api.ts';
import type { FlowRowView, FlowShown } from '../../../../contracts/http/e/flow.ts';
import type { FlowRow } from '../../../../domain/flow/flow.ts';
import { isPlainId } from '../../../../domain/ids.ts';
import { formatInstant } from '../../../../domain/instant.ts';
import type { Scenario } from '../../../../domain/saga/rehearse.ts';
import type { Handlers } from '../../serve.ts';
import { bad, givenOf, ok, pageView, placeOf, UNKNOWN_FLOW } from './e-answers.ts';

export type FlowDependencies = { readonly engine: { readonly flows: Flows } };

type Ids =
  | 'createFlow'
  | 'listFlows'
  | 'getFlow'
  | 'updateFlow'
  | 'deleteFlow'
  | 'activateFlow'
  | 'deactivateFlow'
  | 'rehearseFlow';

const flowRowView = (flow: FlowRow): FlowRowView => ({
  id: flow.id,
  name: flow.name,
  description: flow.description,
  flow_type: flow.flowType,
  version: flow.latest,
  is_active: flow.active,
  create_user: flow.createUser,
  updated_user: flow.updatedUser,
  created_at: formatInstant(flow.createdAt),
  updated_at: formatInstant(flow.updatedAt),
});

const flowView = ({ flow, shown, definition, warnings }: FlowView): FlowShown => ({
  ...flowRowView(flow),
  version: shown,
  latest_version: flow.latest,
  definition,
  warnings: [...warnings],
});

const ENDS = { succeeded: 'success', compensated: 'compensated', failed: 'failed' } as const;

const scenarioView = ({ failures, byPerson, ends, executed, undone, left, exceptions }: Scenario) => ({
  failures: failures.map(({ step, undo, as }) => ({ task_id: step, compensation: undo, as })),
  turned_back_by_person: byPerson === true,
  ends: ENDS[ends],
  executed: [...executed],
  compensated: [...undone],
  left: [...left],
  exceptions: [...exceptions],
});

const refusalOf = (refused: FlowRefused, name: string) => {
  switch (refused.kind) {
    case 'not_found':
      return UNKNOWN_FLOW;
    case 'name_taken':
      return bad(
        `a flow named ${JSON.stringify(name)} exists: choose another name, or make a new version of it with PUT /api/v1/flows/:id`,
      );
    case 'invalid':
      return bad(`invalid definition: ${refused.problems.join('; ')}`);
  }
};

export const flowHandlers = ({ engine }: FlowDependencies): Pick<Handlers, Ids> => {
  const { flows } = engine;

  const setActive = async (id: string, active: boolean, by: string) => {
    const flow = isPlainId(id) ? await flows.setActive(id, active, by) : undefined;
    return flow === undefined ? UNKNOWN_FLOW : ok(flowRowView(flow));
  };

  return {
    createFlow: async ({ body }) => {
      const { name, description = '', flow_type, definition = '', create_user } = body;
      const created = await flows.create({
        name,
        description,
        flowType: flow_type,
        createUser: create_user,
        definition,
      });
      if (created.kind === 'created') {
        return ok(flowView(created.view));
      }
      const refusal = refusalOf(created, name);
      return refusal.status === 400 ? refusal : bad(refusal.error);
    },

    listFlows: async ({ query }) => pageView(query, await flows.list(placeOf(query)), flowRowView),

    getFlow: async ({ params: { id }, query: { version } }) => {
      const view = isPlainId(id) ? await flows.get(id, version) : undefined;
      return view === undefined ? UNKNOWN_FLOW : ok(flowView(view));
    },

    updateFlow: async ({ params: { id }, body }) => {
      const { name, description, flow_type: flowType, definition, updated_user: updatedUser } = body;
      if (!isPlainId(id)) {
        return UNKNOWN_FLOW;
      }
      const changed = await flows.change(id, givenOf({ name, description, flowType, definition, updatedUser }));
      return changed.kind === 'changed' ? ok(flowView(changed.view)) : refusalOf(changed, name ?? '');
    },

    deleteFlow: async ({ params: { id } }) => {
      switch (isPlainId(id) ? await flows.remove(id) : 'not_found') {
        case 'removed':
          return ok({ flow_id: id, deleted: true });
        case 'in_use':
          return bad(
            'a transaction of this flow has not ended: wait for it, cancel it, or deactivate the flow instead',
          );
        case 'not_found':
          return UNKNOWN_FLOW;
      }
    },

    activateFlow: ({ params }, { principal }) => setActive(params.id, true, principal.name),
    deactivateFlow: ({ params }, { principal }) => setActive(params.id, false, principal.name),

    rehearseFlow: async ({ params: { id }, query: { version } }) => {
      const rehearsal = isPlainId(id) ? await flows.rehearse(id, version) : undefined;
      return rehearsal === undefined
        ? UNKNOWN_FLOW
        : ok({
            flow_id: rehearsal.flow,
            version: rehearsal.version,
            scenarios: rehearsal.scenarios.map(scenarioView),
          });
    },
  };
};
