/** API keys over identity. */
import type { Identity, MadeKey, NewKey } from '../../../application/identity/api.ts';
import { MAX_KEYS_PER_USER } from '../../../application/ports/identity.ts';
import type { ApiKeyView } from '../../../contracts/http/api-keys.ts';
import { badRequest } from '../../../contracts/http/c-inputs.ts';
import { type ApiKey, keyPrefix } from '../../../domain/identity/api-key.ts';
import { formatInstant } from '../../../domain/instant.ts';
import type { Handlers } from '../serve.ts';
import { answer, answerWith, idempotencyOf, UNKNOWN_USER } from './c-answers.ts';

export type ApiKeyDependencies = {
  readonly identity: Pick<Identity, 'createKey' | 'listKeys' | 'revokeKey' | 'rollKey'>;
  /** Epoch ms. */
  readonly now: () => number;
};

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const UNKNOWN_KEY = { status: 404, error: 'API密钥不存在' } as const;
const FORBIDDEN = { status: 403, error: '权限不足: 只有管理员可以管理其他用户的 API 密钥' } as const;

const keyView = (key: ApiKey): ApiKeyView => ({
  id: Number(key.id),
  name: key.name,
  prefix: keyPrefix(key),
  role: key.role,
  scopes: [...key.scopes],
  pools: [...key.pools],
  user_id: Number(key.owner),
  created_at: formatInstant(key.createdAt),
  ...(key.expiresAt === undefined ? {} : { expires_at: formatInstant(key.expiresAt) }),
});

const madeKeyView = ({ key, text }: MadeKey) => ({ ...keyView(key), key: text });

type Asked = Parameters<Handlers['createApiKey']>[0]['body'];

const newKeyOf = (asked: Asked, now: number): NewKey => ({
  name: asked.name,
  role: asked.role,
  pools: asked.pools,
  ...(asked.user_id == null ? {} : { owner: String(asked.user_id) }),
  ...(asked.scopes == null ? {} : { scopes: asked.scopes }),
  ...(asked.expires_in_days == null ? {} : { expiresAt: now + asked.expires_in_days * DAY_MS }),
});

export const apiKeyHandlers = ({
  identity,
  now,
}: ApiKeyDependencies): Pick<Handlers, 'createApiKey' | 'listApiKeys' | 'revokeApiKey' | 'rollApiKey'> => ({
  createApiKey: async ({ body, headers }, caller) => {
    const result = await identity.createKey(newKeyOf(body, now()), caller, idempotencyOf(headers));
    switch (result.kind) {
      case 'created':
        return answerWith(201, 'API密钥创建成功', madeKeyView(result), now());
      case 'not_held':
        return { status: 403, error: `权限不足: 您自己没有 ${result.what}，不能授予他人` };
      case 'outlives':
        return {
          status: 403,
          error: '权限不足: 新密钥的有效期不能超过您所用密钥的有效期，请缩短 expires_in_days 或登录后再试',
        };
      case 'no_owner':
        // Who comes with another issuer's token is no user here, so the key needs one that is.
        return body.user_id == null
          ? { status: 400, error: badRequest('缺少 user_id：当前凭证不属于任何用户') }
          : { status: 404, error: UNKNOWN_USER };
      case 'too_many':
        return {
          status: 400,
          error: badRequest(`每个用户最多 ${MAX_KEYS_PER_USER} 个 API 密钥，请先撤销不再使用的`),
        };
      case 'made_before':
        return {
          status: 409,
          error:
            '幂等键冲突: 该 API 密钥此前已创建，且只显示一次；若未保存，请撤销或轮换它，或换一个新的 Idempotency-Key',
        };
      case 'key_reused':
        return { status: 409, error: '幂等键冲突: 该 Idempotency-Key 已用于其他请求，请换一个' };
    }
  },

  listApiKeys: async ({ query }, caller) => {
    const keys = await identity.listKeys(query.user_id, caller);
    return keys === 'forbidden'
      ? FORBIDDEN
      : answerWith(
          200,
          '获取成功',
          { list: keys.map(keyView), total: keys.length, page: 1, page_size: MAX_KEYS_PER_USER },
          now(),
        );
  },

  revokeApiKey: async ({ params, query }, caller) => {
    const result = await identity.revokeKey(params.id, query.user_id, caller);
    switch (result) {
      case 'done':
        return answer(200, '撤销成功', now());
      case 'not_found':
        return UNKNOWN_KEY;
      case 'forbidden':
        return FORBIDDEN;
    }
  },

  rollApiKey: async ({ params, query, body }, caller) => {
    const result = await identity.rollKey(params.id, query.user_id, body.overlap_minutes * MINUTE_MS, caller);
    switch (result.kind) {
      case 'rolled':
        return answerWith(200, '轮换成功', madeKeyView(result), now());
      case 'not_found':
        return UNKNOWN_KEY;
      case 'forbidden':
        return FORBIDDEN;
      case 'not_held':
      case 'outlives':
        return { status: 403, error: '权限不足: 该 API 密钥的权限或有效期超过您自己的，不能轮换' };
    }
  },
});
