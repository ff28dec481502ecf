/** Steps, with everything that a test does not care about filled in. */
import type { FlowStep, Work } from '../../../lib/domain/flow/flow.ts';

export const someWork = (fields: Partial<Work> = {}): Work => ({
  type: 'worker',
  config: {},
  retry: { strategy: 'manual', maxAttempts: 3, intervalMs: 60_000, backoff: 1 },
  timeoutMs: 30_000,
  ...fields,
});

export const someStep = (id: string, fields: Partial<FlowStep> = {}): FlowStep => ({
  ...someWork(),
  ...{ id, taskName: id, description: id, dependsOn: [], pivot: false },
  ...fields,
});

export const someUndo = (): Work => someWork({ config: { handler: 'refund' } });
