/** The audit log, newest first. */
import * as z from 'zod';
import { AUDIT_ACTIONS, CHAIN_BEGIN } from '../../domain/identity/audit.ts';
import { badRequest, filter, isWithinReach, OUT_OF_REACH, pageParameters } from './c-inputs.ts';
import { envelope, exampleOf, listOf } from './envelope.ts';
import { defineOperation } from './operation.ts';

/** Exactly what the hash is made of, and the hash: whoever has the entries can check the chain. */
const auditEntry = z
  .object({
    seq: z.int().min(1).meta({ description: 'From 1, without gaps' }),
    previous: z.string().meta({ description: 'The hash of the entry before' }),
    hash: z.string().meta({
      description:
        'SHA-256 (hex) of the JSON array [seq, previous, at in epoch ms, actor, action, entity, address, request_id, detail]',
    }),
    at: z.string().meta({ format: 'date-time', description: 'With milliseconds' }),
    actor: z.string(),
    action: z.enum(AUDIT_ACTIONS),
    entity: z.string(),
    address: z.string().meta({ description: "The caller's IP address" }),
    request_id: z.string(),
    detail: z.string().meta({ description: 'Empty where there is nothing to add' }),
  })
  .meta({ id: 'AuditEntry' });

export type AuditEntryView = z.input<typeof auditEntry>;

const action = filter
  .transform((text, context) => {
    const known = AUDIT_ACTIONS.find((word) => word === text);
    if (text !== undefined && known === undefined) {
      context.addIssue({ code: 'custom', message: badRequest(`action 必须是 ${AUDIT_ACTIONS.join('、')} 之一`) });
    }
    return known;
  })
  .meta({ enum: [...AUDIT_ACTIONS] });

const before = filter
  .refine((text) => text === undefined || /^[1-9]\d{0,15}$/.test(text), badRequest('before 必须是不小于 1 的整数'))
  .transform((text) => (text === undefined ? undefined : Number(text)))
  .meta({
    type: 'integer',
    minimum: 1,
    description: 'Only entries with a smaller seq: next_before of the page before',
  });

export const listAudit = defineOperation({
  id: 'listAudit',
  group: 'C',
  method: 'GET',
  path: '/api/audit',
  summary: 'List the audit log',
  description: 'Newest first. `npm run audit:verify` checks the whole chain.',
  query: z
    .object({
      ...pageParameters,
      actor: filter.meta({
        description: '`user:<id>`, `key:<id>`, `external:<issuer>#<subject>`, `anonymous` or `name:<text>`',
      }),
      action,
      entity: filter.meta({ description: '`user:<id>`, `key:<id>`, …' }),
      before,
    })
    .refine(isWithinReach, `${OUT_OF_REACH}，更早的记录请用 before（上一页的 next_before）`),
  answers: {
    200: {
      description: 'One page',
      schema: envelope(
        200,
        '获取成功',
        z.object({
          ...listOf(auditEntry),
          next_before: z
            .int()
            .min(1)
            .optional()
            .meta({ description: 'Where the next page begins; absent on the last' }),
          partial: z
            .literal(true)
            .optional()
            .meta({ description: 'The page stopped short after 2,000 entries; go on with next_before' }),
        }),
      ),
      examples: {
        page: exampleOf(200, '获取成功', {
          list: [
            {
              seq: 1,
              previous: CHAIN_BEGIN,
              hash: '7a14bfecb4ef9565eec8e8bfc1a33951cfa15c630d0e259316f50bb949f7301f',
              at: '2030-01-01T00:00:00.000Z',
              actor: 'user:1',
              action: 'login.succeeded',
              entity: 'user:1',
              address: '203.0.113.7',
              request_id: 'Kx8fqhZrIAMEJtg=',
              detail: '',
            },
          ],
          total: 1,
          page: 1,
          page_size: 10,
        }),
      },
    },
  },
  refusals: { 400: 'A parameter is wrong' },
  fault: '查询失败',
});
