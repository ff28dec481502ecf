/** Headers of every answer. What the answer sets itself goes before these: the documentation page has its own policy. */
import type { MiddlewareObj, Request } from '@middy/core';
import type { HttpEvent, HttpResult } from '../event.ts';

const ALWAYS = {
  // A token or a user's data left in the cache of a browser or a proxy.
  'cache-control': 'no-store',
  // An answer taken for a page and made to run scripts, load anything or be shown inside another site's frame.
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  // Another site pulling an answer into its own page as an image or script, to read it by a side channel.
  'cross-origin-resource-policy': 'same-origin',
  // Ids in our paths told to the sites that a page links to.
  'referrer-policy': 'no-referrer',
  // A first request in the clear that somebody on the way can read or answer. Two years; browsers ignore it over plain HTTP.
  'strict-transport-security': 'max-age=63072000',
  // JSON that holds somebody's text guessed to be HTML.
  'x-content-type-options': 'nosniff',
};

const addHeaders = ({ event, response }: Request<HttpEvent, HttpResult>): void => {
  if (response) {
    response.headers = { ...ALWAYS, ...response.headers, 'x-request-id': event.requestContext.requestId };
  }
};

export const answerHeaders = (): MiddlewareObj<HttpEvent, HttpResult> => ({ after: addHeaders, onError: addHeaders });
