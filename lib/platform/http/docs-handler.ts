/** The documentation function: the OpenAPI document and Swagger UI. Public, on every stage. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import middy from '@middy/core';
import type { Logger } from '../logger.ts';
import { openApiDocument } from '../openapi.ts';
import type { HttpEvent, HttpResult } from './event.ts';
import { textResult } from './event.ts';
import { answerErrors } from './middleware/answer-errors.ts';
import { answerHeaders } from './middleware/answer-headers.ts';
import { logRequests } from './middleware/log-requests.ts';
import { Refusal } from './refusal.ts';
import { findSwaggerUi, SWAGGER_INDEX, SWAGGER_INITIALIZER, SWAGGER_POLICY, swaggerFileType } from './swagger-page.ts';

export type DocsDependencies = {
  readonly logger: Logger;
  /** Epoch ms. */
  readonly now?: () => number;
};

/** Asked for anew each time: they change with every deployment under the same name. */
const FRESH = { 'cache-control': 'no-cache' };
/** Swagger UI's own files, which change with its version only. */
const FOR_A_DAY = { 'cache-control': 'public, max-age=86400' };

export const createDocsHandler = ({ logger, now = Date.now }: DocsDependencies) => {
  const folder = findSwaggerUi();
  const specification = JSON.stringify(openApiDocument());

  const page = (): HttpResult =>
    textResult(200, 'text/html', SWAGGER_INDEX, { ...FRESH, 'content-security-policy': SWAGGER_POLICY });
  const document = (): HttpResult => textResult(200, 'application/json', specification, FRESH);
  const pages: ReadonlyMap<string, () => HttpResult> = new Map([
    ['/openapi.json', document],
    ['/swagger/doc.json', document],
    ['/swagger', page],
    ['/swagger/index.html', page],
    ['/swagger/initializer.js', () => textResult(200, 'text/javascript', SWAGGER_INITIALIZER, FRESH)],
  ]);

  const file = async (path: string): Promise<HttpResult> => {
    const name = path.startsWith('/swagger/') ? path.slice('/swagger/'.length) : '';
    const type = swaggerFileType(name);
    if (type === undefined) {
      throw new Refusal(404, 'Not found: the documentation is at /swagger/index.html');
    }
    const content = await readFile(join(folder, name));
    return type.startsWith('text/')
      ? textResult(200, type, content.toString('utf8'), FOR_A_DAY)
      : {
          statusCode: 200,
          headers: { 'content-type': type, ...FOR_A_DAY },
          body: content.toString('base64'),
          isBase64Encoded: true,
        };
  };

  return middy<HttpEvent, HttpResult>()
    .use(answerHeaders())
    .use(logRequests(logger, now))
    .use(answerErrors(logger, now))
    .handler(async ({ rawPath, requestContext }) => {
      if (requestContext.http.method !== 'GET') {
        throw new Refusal(405, (words) => words.wrongMethod('GET'), { allow: 'GET' });
      }
      const path = rawPath.replace(/\/$/, '');
      return pages.get(path)?.() ?? (await file(path));
    });
};
