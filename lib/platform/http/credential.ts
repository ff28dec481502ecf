/** The credential of a request, as it was sent. Nothing is verified here. */
import { type HttpEvent, headerOf } from './event.ts';

/** Our access tokens have some 400 bytes; other issuers' a few KB. The gateway refuses headers over 10,240 bytes in all. */
export const MAX_CREDENTIAL_BYTES = 8 * 1024;

/** `token68` of RFC 9110 §11.2: no comma, so several headers that the gateway joined are none. */
const TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
/** The scheme's name has no case; after it come spaces, and no other white space (RFC 9110 §11.1, §11.4). */
const BEARER = /^bearer +(?=[^ ])/i;

export type SentCredential =
  | { readonly kind: 'none' }
  /** Not one credential of a form that we know. */
  | { readonly kind: 'unreadable' }
  | { readonly kind: 'sent'; readonly text: string };

const tokenOf = (text: string): SentCredential => (TOKEN.test(text) ? { kind: 'sent', text } : { kind: 'unreadable' });

/** The value of an `Authorization` header. */
export const bearerOf = (value: string): SentCredential =>
  value.length <= MAX_CREDENTIAL_BYTES && BEARER.test(value)
    ? tokenOf(value.replace(BEARER, ''))
    : { kind: 'unreadable' };

/** `Authorization: Bearer …`, or `X-API-Key`, which clients of API B send. Both at once are none: they may differ. */
export const readCredential = (event: HttpEvent): SentCredential => {
  const authorization = headerOf(event, 'authorization');
  const apiKey = headerOf(event, 'x-api-key');
  const value = authorization ?? apiKey;
  if (value === undefined) {
    return { kind: 'none' };
  }
  if ((authorization !== undefined && apiKey !== undefined) || value.length > MAX_CREDENTIAL_BYTES) {
    return { kind: 'unreadable' };
  }
  if (authorization === undefined) {
    return tokenOf(value);
  }
  return bearerOf(value);
};
