/** Runs in a worker thread: one Lambda function with its own environment, its invocations side by side. */
import { parentPort, workerData } from 'node:worker_threads';
import { contextOf, type InvocationFacts, type LambdaHandler } from './invocation.ts';

export type ThreadData = { readonly entryUrl: string; readonly exportName: string };
export type ThreadRequest = { readonly id: number; readonly event: string; readonly facts: InvocationFacts };
export type ThreadMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly payload: string | undefined }
  | { readonly type: 'failed'; readonly id: number; readonly message: string };

const isHandler = (value: unknown): value is LambdaHandler => typeof value === 'function';

const start = async ({ entryUrl, exportName }: ThreadData): Promise<void> => {
  const port = parentPort;
  if (!port) {
    throw new Error('This file runs in a worker thread');
  }
  const post = (message: ThreadMessage): void => port.postMessage(message);
  const loaded: Readonly<Record<string, unknown>> = await import(entryUrl);
  const handler = loaded[exportName];
  if (!isHandler(handler)) {
    throw new Error(`${entryUrl} exports no function ${exportName}`);
  }
  port.on('message', async ({ id, event, facts }: ThreadRequest) => {
    try {
      const payload: unknown = await handler(JSON.parse(event), contextOf(facts));
      post({ type: 'done', id, payload: JSON.stringify(payload) });
    } catch (error) {
      post({ type: 'failed', id, message: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
  });
  post({ type: 'ready' });
};

await start(workerData as ThreadData);
