/**
 * What a person sees when the stack is ready: what runs where, how to get in, and the first commands to try. It shows
 * secrets, once and to whoever started the stack: it is written to the terminal, never to the log.
 */
import type { LocalStack } from './stack.ts';

export type BannerOptions = {
  readonly stack: LocalStack;
  readonly engine: 'aws' | 'memory';
  readonly worker: boolean;
  readonly adminKeyFile: string;
  readonly workerKeyFile: string;
  readonly logFile: string;
  readonly startedInMs: number;
};

/** `date` differs between Linux and macOS; node does not. */
const IN_THREE_SECONDS = '$(node -p "new Date(Date.now() + 3000).toISOString()")';

const openText = (groups: readonly string[]): string =>
  groups.length === 0
    ? 'no API group answers without a key or a login.'
    : `API group${groups.length === 1 ? '' : 's'} ${groups.join(' and ')} answer${groups.length === 1 ? 's' : ''} without a key or a login.`;

export const banner = (options: BannerOptions): string => {
  const { stack, engine, worker, adminKeyFile, workerKeyFile, logFile, startedInMs } = options;
  const { url, wsUrl, aws, openGroups, admin, adminKey } = stack;
  const services = aws ? `DynamoDB ${aws.dynamodb}, SQS ${aws.sqs}, schedules ${aws.scheduler}` : 'in memory, no Java';
  const password = admin.password ?? 'as in CRONSAGA_ADMIN_PASSWORD';
  const task = `{"task_type": "shell", "payload": {"command": "echo hello"}, "execute_at": "'"${IN_THREE_SECONDS}"'"}`;
  const job = '{"name": "clock", "executor": "shell", "command": "date", "schedule": "*/10 * * * * *"}';
  return `
Cronsaga is ready (${(startedInMs / 1_000).toFixed(1)} s). Ctrl-C stops it; its data lives as long as it runs.

  HTTP        ${url}          OpenAPI ${url}/openapi.json, Swagger UI ${url}/swagger/index.html
  WebSocket   ${wsUrl}            for workers
  Engine      ${engine}: ${services}
  Worker      ${worker ? '"local", pool default, 10 slots, allows shell, http, python' : 'none (--no-worker)'}
  Admin       user "${admin.username}", password ${password}
  Admin key   ${adminKey} (also in ${adminKeyFile})
  Worker key  in ${workerKeyFile}, for workers of every pool; the keys are new with every start
  Log         ${logFile}
  Open        ${openText(openGroups)} Only this machine reaches it: 127.0.0.1, no other site.

Try it:

  curl -s ${url}/api/auth/profile -H "Authorization: Bearer $(cat ${adminKeyFile})"

  curl -s ${url}/api/v1/tasks -H 'Content-Type: application/json' \\
    -d '${task}'

  curl -s '${url}/api/v1/tasks?limit=5'

  curl -s ${url}/api/tasks -H "Authorization: Bearer $(cat ${adminKeyFile})" -H 'Content-Type: application/json' \\
    -d '${job}'

  CRONSAGA_TOKEN="$(cat ${workerKeyFile})" npm run worker -- --url ${wsUrl} --name second --max-tasks 5 --allow shell
`;
};
