import { describe, expect, it } from 'vitest';
import { MAX_CREDENTIAL_BYTES, readCredential } from '../../../lib/platform/http/credential.ts';
import { httpEvent } from '../../support/http-event.ts';

const read = (headers: Readonly<Record<string, string>>) => readCredential(httpEvent('GET /', { headers }));
const KEY = `csk_1_2z_${'A-_9'.repeat(10)}abc`;

describe('readCredential', () => {
  it('finds none where none was sent', () => {
    expect(read({ cookie: 'token=x' })).toEqual({ kind: 'none' });
  });

  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['Bearer   abc', 'abc'],
    ['Bearer eyJh.eyJz.c2ln', 'eyJh.eyJz.c2ln'],
    ['Bearer aGk=', 'aGk='],
    [`Bearer ${KEY}`, KEY],
    ['Bearer Bearer', 'Bearer'],
  ])('reads Authorization: %s', (authorization, text) => {
    expect(read({ authorization })).toEqual({ kind: 'sent', text });
  });

  it('reads X-API-Key, as clients of API B send it', () => {
    expect(read({ 'x-api-key': KEY })).toEqual({ kind: 'sent', text: KEY });
  });

  it.each([
    '',
    ' ',
    'Bearer',
    'Bearer ',
    'Bearer\tabc',
    'Bearer \tabc',
    'Bearer abc\t',
    ' Bearer abc',
    'Bearer abc def',
    'Bearer abc, Bearer abc',
    'Bearer abc,Bearer def',
    'Bearer abc, Basic YTpi',
    'Basic YTpi',
    'Token abc',
    'Bearer: abc',
    'Bearerabc',
    'abc',
    KEY,
    'Bearer a\u0000bc',
    'Bearer äbc',
    'Bearer "abc"',
    'Bearer a=bc',
    'Bearer =',
    'Bearer <abc>',
  ])('does not read Authorization: %j', (authorization) => {
    expect(read({ authorization })).toEqual({ kind: 'unreadable' });
  });

  it.each(['', ' ', `${KEY},${KEY}`, `${KEY}, ${KEY}`, `Bearer ${KEY}`])('does not read X-API-Key: %j', (apiKey) => {
    expect(read({ 'x-api-key': apiKey })).toEqual({ kind: 'unreadable' });
  });

  it('does not choose between two, the same or not', () => {
    for (const apiKey of [KEY, 'other', '']) {
      expect(read({ authorization: `Bearer ${KEY}`, 'x-api-key': apiKey })).toEqual({ kind: 'unreadable' });
    }
    expect(read({ authorization: '', 'x-api-key': KEY })).toEqual({ kind: 'unreadable' });
  });

  it('reads at most 8 KB', () => {
    const fits = 'a'.repeat(MAX_CREDENTIAL_BYTES - 'Bearer '.length);
    expect(read({ authorization: `Bearer ${fits}` })).toEqual({ kind: 'sent', text: fits });
    expect(read({ authorization: `Bearer ${fits}a` })).toEqual({ kind: 'unreadable' });
    expect(read({ 'x-api-key': 'a'.repeat(MAX_CREDENTIAL_BYTES + 1) })).toEqual({ kind: 'unreadable' });
  });
});
