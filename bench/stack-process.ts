/** The local stack in a process of its own, so that what it uses can be told from what the load uses. */
import { startLocalStack } from '../lib/local/stack.ts';

const engine = process.argv[2] === 'memory' ? 'memory' : 'aws';
const stack = await startLocalStack({ port: 0, engine, worker: true });
const { url, wsUrl, workerKey } = stack;
process.stdout.write(`${JSON.stringify({ url, wsUrl, workerKey })}\n`);
process.once('SIGTERM', () => {
  stack.stop().then(
    () => process.exit(0),
    () => process.exit(1),
  );
});
