/** API E's flow: what a transaction is made of. */
import * as z from 'zod';

const instant = z.string().meta({ format: 'date-time' });

const row = {
  id: z.string(),
  name: z.string().meta({ description: 'Unique' }),
  description: z.string(),
  flow_type: z.string(),
  version: z.int().min(1).meta({ description: 'Of the definition' }),
  is_active: z.boolean().meta({ description: 'Whether transactions of it can be started' }),
  create_user: z.string(),
  updated_user: z.string(),
  created_at: instant,
  updated_at: instant,
};

export const flowRowSchema = z.object(row).meta({ id: 'FlowRow' });
export type FlowRowView = z.input<typeof flowRowSchema>;

export const flowSchema = z
  .object({
    ...row,
    latest_version: z.int().min(1),
    definition: z.string().meta({ description: 'JSON text, as it was sent' }),
    warnings: z.array(z.string()).meta({ description: 'What is allowed, and perhaps not what was meant' }),
  })
  .meta({ id: 'Flow' });
export type FlowShown = z.input<typeof flowSchema>;

export const FLOW_ROW_EXAMPLE: FlowRowView = {
  id: '774763315200000',
  name: 'payment_flow',
  description: '支付流程',
  flow_type: 'payment',
  version: 1,
  is_active: true,
  create_user: 'admin',
  updated_user: 'admin',
  created_at: '2030-01-01T00:00:00Z',
  updated_at: '2030-01-01T00:00:00Z',
};

export const FLOW_EXAMPLE: FlowShown = {
  ...FLOW_ROW_EXAMPLE,
  latest_version: 1,
  definition: '{"name":"payment_flow","tasks":[]}',
  warnings: [],
};

/** What the simulator found: where the transaction ends for each failure, and in which order it unwinds. */
export const rehearsalSchema = z
  .object({
    flow_id: z.string(),
    version: z.int().min(1),
    scenarios: z.array(
      z.object({
        failures: z
          .array(
            z.object({
              task_id: z.string(),
              compensation: z.boolean(),
              as: z.enum(['failed', 'timed_out']).meta({ description: 'timed_out: nobody knows what it did' }),
            }),
          )
          .meta({ description: 'Empty: all succeeds' }),
        turned_back_by_person: z.boolean().meta({
          description: 'It does not turn back by itself: this is what comes of it where a person turns it back',
        }),
        ends: z.enum(['success', 'compensated', 'failed']).meta({ description: 'failed: a person has to act' }),
        executed: z.array(z.string()).meta({ description: 'In the order in which they began' }),
        compensated: z.array(z.string()).meta({ description: 'In the order in which their compensations began' }),
        left: z.array(z.string()).meta({ description: 'Tasks whose effects stay' }),
        exceptions: z.array(z.string()).meta({ description: 'Tasks that a person has to look at' }),
      }),
    ),
  })
  .meta({ id: 'Rehearsal' });
