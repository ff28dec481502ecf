/** API A's categories beyond their documented operations: filters, orders, pages, and codes that are free again. */
import { beforeEach, describe, expect, it } from 'vitest';
import { type BWorld, createBWorld } from './b-world.ts';

type Category = { readonly id: number; readonly code: string; readonly name: string; readonly deleted: boolean };
type Page = { readonly count: number; readonly items: readonly Category[] };

let api: BWorld;
beforeEach(() => {
  api = createBWorld();
});

const create = (code: string, over: object = {}) => api.data<Category>('POST /api/v1/category/', { code, ...over });
const list = async (query = ''): Promise<readonly string[]> =>
  (await api.data<Page>(`GET /api/v1/category/?${query}`)).items.map(({ code }) => code);

describe('a list of categories', () => {
  beforeEach(async () => {
    await create('video', { name: 'B', description: 'transcodes' });
    await create('audio', { name: 'C' });
    await create('视频', { name: 'A' });
  });

  it('is ordered by code', async () => {
    expect(await list()).toEqual(['audio', 'video', '视频']);
    expect(await list('ordering=-code')).toEqual(['视频', 'video', 'audio']);
    expect(await list('ordering=name')).toEqual(['视频', 'video', 'audio']);
  });

  it.each([
    ['code=video', ['video']],
    ['code__contains=d', ['audio', 'video']],
    ['name=A', ['视频']],
    ['name__contains=C', ['audio']],
    ['search=TRANS', ['video']],
    [`search=${encodeURIComponent('视')}`, ['视频']],
    ['code=video&name=A', []],
    ['deleted=true', []],
    ['deleted=false', ['audio', 'video', '视频']],
  ])('goes by %s', async (query, codes) => {
    expect(await list(query)).toEqual(codes);
  });

  it('is cut into pages', async () => {
    expect(await api.data<Page>('GET /api/v1/category/?page=2&page_size=2')).toMatchObject({
      page: 2,
      page_size: 2,
      count: 3,
      items: [{ code: '视频' }],
    });
    expect(await api.data<Page>('GET /api/v1/category/?page=9')).toMatchObject({ count: 3, items: [] });
  });
});

it('counts and lists more categories than are read at a time', async () => {
  for (let index = 0; index < 410; index += 1) {
    await create(`code-${String(index).padStart(3, '0')}`);
    api.world.pass(1);
  }
  const page = await api.data<Page>('GET /api/v1/category/?page=3&page_size=150');
  expect([page.count, page.items.length, page.items[0]?.code]).toEqual([410, 110, 'code-300']);
  expect(await list('code__contains=-40')).toContain('code-409');
});

describe('a code', () => {
  it('is free again after a deletion, and the deleted keeps it with the instant', async () => {
    const first = await create('video');
    api.world.pass(1_000);
    await api.data('DELETE /api/v1/category/video/');
    const second = await create('video');
    expect(second.id).not.toBe(first.id);
    expect(await list()).toEqual(['video']);
    expect(await list('deleted=true')).toEqual(['video_del_20300101000001']);
    expect((await api.send(`PUT /api/v1/category/${first.id}/`, { name: 'x' })).status).toBe(404);
    expect((await api.send('GET /api/v1/category/video_del_20300101000001/')).status).toBe(404);
  });

  it('may be changed, not to that of another', async () => {
    await create('audio');
    const { id } = await create('video');
    expect((await api.send(`PUT /api/v1/category/${id}/`, { code: 'audio' })).status).toBe(409);
    await api.data('PUT /api/v1/category/video/', { code: 'film' });
    expect((await api.send('GET /api/v1/category/video/')).status).toBe(404);
    expect(await api.data('GET /api/v1/category/film/')).toMatchObject({ id });
    expect((await api.send('POST /api/v1/category/', { code: 'video' })).status).toBe(201);
  });

  it('is given once, to one of ten who ask at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 10 }, () => api.send('POST /api/v1/category/', { code: 'video' })),
    );
    expect(all.filter(({ status }) => status === 201)).toHaveLength(1);
    expect(all.filter(({ status }) => status === 409)).toHaveLength(9);
  });
});

it('changes what is given and leaves the rest', async () => {
  await create('video', { name: 'Video', setup: 'a', check: 'b' });
  await api.data('PUT /api/v1/category/video/', { setup: '' });
  expect(await api.data('GET /api/v1/category/video/')).toMatchObject({ name: 'Video', setup: '', check: 'b' });
});
