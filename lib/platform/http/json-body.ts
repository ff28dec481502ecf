/** The body of a request as JSON, or a refusal that says what to change. */
import { MAX_BODY_BYTES, MAX_JSON_DEPTH } from '../../contracts/limits.ts';
import { nestsDeeperThan, parseExactJson } from '../../domain/exact-json.ts';
import type { HttpEvent } from './event.ts';
import { headerOf } from './event.ts';
import { Refusal } from './refusal.ts';

const JSON_TYPE = /^\s*application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i;
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

const bytesOf = ({ body = '', isBase64Encoded }: HttpEvent): Buffer =>
  Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8');

/**
 * @param malformed what the operation answers to a body that is not JSON
 * @param maxBytes the most that it takes
 */
export const readJsonBody = (event: HttpEvent, malformed: string, maxBytes = MAX_BODY_BYTES): unknown => {
  const type = headerOf(event, 'content-type');
  if (type && !JSON_TYPE.test(type)) {
    throw new Refusal(415, (words) => words.notJson);
  }
  const bytes = bytesOf(event);
  if (bytes.length > maxBytes) {
    throw new Refusal(413, (words) => words.tooLarge(bytes.length, maxBytes));
  }
  let body: unknown;
  let isTooDeep = false;
  try {
    const text = UTF_8.decode(bytes);
    isTooDeep = nestsDeeperThan(text, MAX_JSON_DEPTH);
    body = isTooDeep ? undefined : parseExactJson(text);
  } catch {
    throw new Refusal(400, malformed);
  }
  if (isTooDeep) {
    throw new Refusal(400, (words) => words.tooDeep(MAX_JSON_DEPTH));
  }
  return body;
};
