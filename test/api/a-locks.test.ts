/** API A's locks beyond their documented operations: leases that run out, and fencing tokens that only grow. */
import { describe, expect, it } from 'vitest';
import { createBWorld } from './b-world.ts';

type Lock = {
  readonly value: string;
  readonly success: boolean;
  readonly fencing_token: number;
  readonly expire: number;
};

const acquired = (api: ReturnType<typeof createBWorld>, query: string) =>
  api.data<Lock>(`GET /api/v1/lock/acquire?${query}`);

describe('a lock', () => {
  it('runs out after its time, and the next holder has a higher fencing token', async () => {
    const api = createBWorld();
    const first = await acquired(api, 'key=a&expire=5');
    api.world.pass(4_999);
    expect(await acquired(api, 'key=a')).toMatchObject({ success: false, value: '' });
    api.world.pass(1);
    const second = await acquired(api, 'key=a');
    expect(second.success).toBe(true);
    expect(second.value).not.toBe(first.value);
    expect(second.fencing_token).toBeGreaterThan(first.fencing_token);
    expect((await api.send(`GET /api/v1/lock/release?key=a&value=${first.value}`)).status).toBe(409);
    expect((await api.send(`GET /api/v1/lock/refresh?key=a&value=${first.value}`)).status).toBe(400);
  });

  it('gives a higher fencing token also after it was given back within the same millisecond', async () => {
    const api = createBWorld();
    const tokens: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      const { value, fencing_token } = await acquired(api, 'key=a');
      tokens.push(fencing_token);
      expect((await api.send(`GET /api/v1/lock/release?key=a&value=${value}`)).status).toBe(200);
    }
    expect(tokens).toEqual([...new Set(tokens)].sort((a, b) => a - b));
  });

  it('is for one of twenty who ask at once', async () => {
    const api = createBWorld();
    const all = await Promise.all(Array.from({ length: 20 }, () => acquired(api, 'key=a')));
    expect(all.filter(({ success }) => success)).toHaveLength(1);
  });

  it.each(['', '0', '-1', 'x', '1.5', '1e3'])('is held for 60 s when expire is %j', async (expire) => {
    const api = createBWorld();
    expect(await acquired(api, `key=a&expire=${expire}`)).toMatchObject({ expire: 60 });
    api.world.pass(59_999);
    expect(await api.data('GET /api/v1/lock/check?key=a')).toMatchObject({ is_locked: true });
    api.world.pass(1);
    expect(await api.data('GET /api/v1/lock/check?key=a')).toMatchObject({ is_locked: false, value: '' });
  });

  it('is refreshed for at most an hour, from now on', async () => {
    const api = createBWorld();
    const { value, fencing_token } = await acquired(api, 'key=a&expire=10');
    api.world.pass(9_999);
    const longer = await api.data<Lock>(`GET /api/v1/lock/refresh?key=a&value=${value}&expire=9999`);
    expect(longer).toMatchObject({ expire: 3_600, value, fencing_token });
    api.world.pass(3_599_999);
    expect(await api.data('GET /api/v1/lock/check?key=a')).toMatchObject({ is_locked: true });
    api.world.pass(1);
    expect((await api.send(`GET /api/v1/lock/refresh?key=a&value=${value}`)).status).toBe(400);
  });

  it('says whether a value holds it', async () => {
    const api = createBWorld();
    const { value } = await acquired(api, 'key=a');
    expect(await api.data(`GET /api/v1/lock/check?key=a&value=${value}`)).toMatchObject({ value_matched: true });
    expect(await api.data('GET /api/v1/lock/check?key=a&value=other')).toMatchObject({
      is_locked: false,
      value_matched: false,
      value: '',
    });
    expect(await api.data('GET /api/v1/lock/check?key=a')).not.toHaveProperty('value_matched');
  });
});
