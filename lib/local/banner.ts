/** What a person sees when the stack is ready: what runs where, and the first commands to try. */
import type { LocalStack } from './stack.ts';

export type BannerOptions = {
  readonly stack: LocalStack;
  readonly engine: 'aws' | 'memory';
  readonly worker: boolean;
  readonly tokenFile: string;
  readonly logFile: string;
  readonly startedInMs: number;
};

/** `date` differs between Linux and macOS; node does not. */
const IN_THREE_SECONDS = '$(node -p "new Date(Date.now() + 3000).toISOString()")';

export const banner = (options: BannerOptions): string => {
  const { stack, engine, worker, tokenFile, logFile, startedInMs } = options;
  const { url, wsUrl, aws, openGroups } = stack;
  const services = aws ? `DynamoDB ${aws.dynamodb}, SQS ${aws.sqs}, schedules ${aws.scheduler}` : 'in memory, no Java';
  const task = `{"task_type": "shell", "payload": {"command": "echo hello"}, "execute_at": "'"${IN_THREE_SECONDS}"'"}`;
  return `
Cronsaga is ready (${(startedInMs / 1_000).toFixed(1)} s). Ctrl-C stops it; its data lives as long as it runs.

  HTTP        ${url}          OpenAPI ${url}/openapi.json, Swagger UI ${url}/swagger/index.html
  WebSocket   ${wsUrl}            for workers
  Engine      ${engine}: ${services}
  Worker      ${worker ? '"local", pool default, 10 slots, allows shell, http, python' : 'none (--no-worker)'}
  Token       ${tokenFile} (for workers, new with every start)
  Log         ${logFile}
  Open        API group ${openGroups.join(', ')} answers without a token. Only this machine reaches it: 127.0.0.1, no other site.

Try it:

  curl -s ${url}/api/v1/tasks -H 'Content-Type: application/json' \\
    -d '${task}'

  curl -s '${url}/api/v1/tasks?limit=5'

  npm run worker -- --url ${wsUrl} --token "$(cat ${tokenFile})" --name second --max-tasks 5 --allow shell
`;
};
