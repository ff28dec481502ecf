/** The REST API of EventBridge Scheduler, as far as one-time schedules need it, on the loopback address. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as z from 'zod';
import type { Logger } from '../../platform/logger.ts';
import { readBody } from '../gateway/body.ts';
import { accessKeyOf, refuseForeign } from '../guard.ts';
import {
  createSchedules,
  isFault,
  type ScheduleFault,
  type SendToQueue,
  type StoredSchedule,
  scheduleInput,
} from './schedules.ts';

export type SchedulerServer = { readonly endpoint: string; readonly stop: () => Promise<void> };

/** A target's input is at most 256 KB; the rest of a request is small. */
const MAX_REQUEST_BYTES = 512 * 1024;
/** ListSchedules answers at most this many, and says no more: enough to look at what is armed. */
const LIST_LIMIT = 100;

type Answer = { readonly status: number; readonly body: unknown; readonly code?: string };

const faultAnswer = ({ status, code, message }: ScheduleFault): Answer => ({
  status,
  code,
  body: { Message: message },
});

const details = (schedule: StoredSchedule, arn: string) => {
  const { atMs: _atMs, createdAtMs, ClientToken: _token, ...stored } = schedule;
  const at = createdAtMs / 1_000;
  return { ...stored, Arn: arn, CreationDate: at, LastModificationDate: at };
};

export const startSchedulerServer = async (options: {
  readonly groups: readonly string[];
  readonly region: string;
  readonly accountId: string;
  readonly accessKeyId: string;
  readonly send: SendToQueue;
  readonly logger: Logger;
}): Promise<SchedulerServer> => {
  const { groups, region, accountId, accessKeyId, send, logger } = options;
  const arnOf = ({ GroupName, Name }: { readonly GroupName: string; readonly Name: string }): string =>
    `arn:aws:scheduler:${region}:${accountId}:schedule/${GroupName}/${Name}`;
  const schedules = createSchedules({ groups, arnOf, send, logger });

  const parseInput = (text: string): z.ZodSafeParseResult<z.output<typeof scheduleInput>> => {
    try {
      return scheduleInput.safeParse(JSON.parse(text));
    } catch {
      return scheduleInput.safeParse(undefined);
    }
  };

  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://local');
    const [, root, encodedName, ...rest] = pathname.split('/');
    if (root !== 'schedules' || rest.length > 0) {
      return { status: 404, code: 'UnknownOperationException', body: { Message: 'Unknown to the local scheduler.' } };
    }
    if (encodedName === undefined || encodedName === '') {
      const found = schedules.list(
        searchParams.get('ScheduleGroup') ?? undefined,
        searchParams.get('NamePrefix') ?? '',
      );
      return { status: 200, body: { Schedules: found.slice(0, LIST_LIMIT).map((it) => details(it, arnOf(it))) } };
    }
    const name = decodeURIComponent(encodedName);
    const group = searchParams.get('groupName') ?? 'default';
    if (request.method === 'POST') {
      const input = parseInput((await readBody(request, MAX_REQUEST_BYTES))?.toString('utf8') ?? '');
      if (!input.success) {
        const message = z.prettifyError(input.error);
        return faultAnswer({ status: 400, code: 'ValidationException', message });
      }
      const created = schedules.create(name, input.data);
      return isFault(created) ? faultAnswer(created) : { status: 200, body: { ScheduleArn: arnOf(created) } };
    }
    if (request.method === 'GET') {
      const found = schedules.get(group, name);
      return isFault(found) ? faultAnswer(found) : { status: 200, body: details(found, arnOf(found)) };
    }
    if (request.method === 'DELETE') {
      const removed = schedules.remove(group, name);
      return isFault(removed) ? faultAnswer(removed) : { status: 200, body: {} };
    }
    const message = `The local scheduler does not know ${request.method} of a schedule.`;
    return { status: 400, code: 'UnknownOperationException', body: { Message: message } };
  };

  const write = (response: ServerResponse, { status, code, body }: Answer): void => {
    response.writeHead(status, { 'content-type': 'application/json', ...(code && { 'x-amzn-errortype': code }) });
    response.end(JSON.stringify(body));
  };

  const server = createServer(async (request, response) => {
    const refusal = refuseForeign({ method: request.method ?? '', headers: request.headers });
    if (refusal || accessKeyOf(request.headers) !== accessKeyId) {
      const message = refusal?.error ?? 'The security token included in the request is invalid.';
      write(response, { status: 403, code: 'AccessDeniedException', body: { Message: message } });
      return;
    }
    try {
      write(response, await answer(request));
    } catch (error) {
      logger.error('The local scheduler failed', { error });
      write(response, { status: 500, code: 'InternalServerException', body: { Message: 'Internal error.' } });
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    stop: async () => {
      await schedules.stop();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
