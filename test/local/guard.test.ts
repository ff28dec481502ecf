import type { IncomingHttpHeaders } from 'node:http';
import { describe, expect, it } from 'vitest';
import { accessKeyOf, refuseContentType, refuseForeign } from '../../lib/local/guard.ts';

const local = { host: '127.0.0.1:8080' };

const foreignStatus = (headers: IncomingHttpHeaders, method = 'POST') => refuseForeign({ method, headers })?.status;
const typeStatus = (headers: IncomingHttpHeaders, method = 'POST') =>
  refuseContentType({ method, headers: { ...local, ...headers } })?.status;

describe('the host', () => {
  it.each(['localhost', 'localhost:8080', 'LOCALHOST:8080', '127.0.0.1', '127.0.0.1:1', '[::1]', '[::1]:8080'])(
    'takes %s',
    (host) => {
      expect(foreignStatus({ host })).toBeUndefined();
    },
  );

  it.each([
    'example.com',
    'localhost.example.com',
    'example.com:8080',
    '127.0.0.1.nip.io',
    'localhost.',
    '127.0.0.2',
    '0.0.0.0:8080',
    '::1',
    'localhost:8080@example.com',
    'localhost:8080, example.com',
    '',
  ])('refuses "%s"', (host) => {
    expect(foreignStatus({ host })).toBe(403);
  });

  it('refuses a request without one', () => {
    expect(foreignStatus({})).toBe(403);
  });
});

describe('the origin', () => {
  it.each(['http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080'])('takes %s', (origin) => {
    expect(foreignStatus({ ...local, origin })).toBeUndefined();
  });

  it.each([
    'http://example.com',
    'https://127.0.0.1:8080',
    'http://localhost:3000',
    'http://localhost',
    'http://localhost:8080.example.com',
    'null',
    '',
    'file://',
  ])('refuses "%s"', (origin) => {
    expect(foreignStatus({ ...local, origin })).toBe(403);
  });

  it('follows the port of the host, which a tunnel changes', () => {
    expect(foreignStatus({ host: 'localhost:9000', origin: 'http://localhost:9000' })).toBeUndefined();
    expect(foreignStatus({ host: 'localhost', origin: 'http://localhost' })).toBeUndefined();
  });
});

describe('requests of a browser without an origin', () => {
  it.each(['cross-site', 'same-site'])('refuses those of another site (%s), an image for one', (site) => {
    expect(foreignStatus({ ...local, 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors' }, 'GET')).toBe(403);
  });

  it('takes a link that a person follows', () => {
    const link = { ...local, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' };
    expect(foreignStatus(link, 'GET')).toBeUndefined();
    expect(foreignStatus(link, 'POST')).toBe(403);
  });

  it.each(['same-origin', 'none'])('takes its own pages and the address bar (%s)', (site) => {
    expect(foreignStatus({ ...local, 'sec-fetch-site': site })).toBeUndefined();
  });
});

describe('the content type', () => {
  it.each(['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/merge-patch+json'])(
    'takes %s',
    (type) => {
      expect(typeStatus({ 'content-type': type })).toBeUndefined();
    },
  );

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/json',
    'application/jsonp',
    'text/plain; application/json',
    '',
  ])('refuses "%s" with 415', (type) => {
    expect(typeStatus({ 'content-type': type, 'content-length': '2' })).toBe(415);
    expect(typeStatus({ 'content-type': type, 'content-length': '2' }, 'PATCH')).toBe(415);
  });

  it('may be absent, but not when a browser sends a body', () => {
    expect(typeStatus({ 'content-length': '2' })).toBeUndefined();
    expect(typeStatus({ 'content-length': '2', origin: 'http://127.0.0.1:8080' })).toBe(415);
    expect(typeStatus({ 'transfer-encoding': 'chunked', 'sec-fetch-site': 'same-origin' })).toBe(415);
    expect(typeStatus({ 'content-length': '0', origin: 'http://127.0.0.1:8080' })).toBeUndefined();
  });

  it.each(['GET', 'DELETE', 'HEAD'])('of a %s does not matter', (method) => {
    expect(typeStatus({ 'content-type': 'text/plain' }, method)).toBeUndefined();
  });
});

it('reads the access key of a signed request, and of no other', () => {
  const signed =
    'AWS4-HMAC-SHA256 Credential=abc123/20261121/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0';
  expect(accessKeyOf({ authorization: signed })).toBe('abc123');
  expect(accessKeyOf({ authorization: 'Bearer abc123' })).toBeUndefined();
  expect(accessKeyOf({})).toBeUndefined();
});
