/**
 * Results on disk, one file each, so that a process that dies between the end of a run and the delivery of its result
 * tells it after its restart (rule K1: any session may send a result, it is accepted by run and attempt).
 */
import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AttemptRef, RunResult } from '../contracts/frames.ts';
import { resultFrame } from '../contracts/frames.ts';
import type { WorkerLogger } from './logger.ts';

export type Spool = {
  readonly write: (result: RunResult) => void;
  readonly remove: (ref: AttemptRef) => void;
  /** What an earlier process of this name left. */
  readonly read: () => RunResult[];
};

const resultSchema = resultFrame.shape.results.element;

/**
 * The user's id keeps two users of one machine out of each other's directory. One level only: in a shared temporary
 * directory nobody else can then rename it away.
 */
export const defaultSpoolDirectory = (name: string): string =>
  join(tmpdir(), `cronsaga-${process.getuid?.() ?? 'user'}-${name}`);

/** Throws when the directory cannot be used or is open to others: results may hold what the handlers returned. */
export function openSpool(directory: string, logger: WorkerLogger): Spool {
  makePrivateDirectory(directory);
  let failing = false;
  // A full disk must not fail a run: its result is still in memory, and said once is enough.
  const attempt = (what: string, action: () => void): void => {
    try {
      action();
      failing = false;
    } catch (error) {
      if (!failing)
        logger.error(`spool: ${what} failed; results are kept in memory only`, { directory, error: String(error) });
      failing = true;
    }
  };
  return {
    write(result) {
      const file = join(directory, fileName([result.run, result.attempt]));
      attempt('writing', () => {
        writeFileSync(`${file}.tmp`, JSON.stringify(result), { mode: 0o600 });
        renameSync(`${file}.tmp`, file);
      });
    },
    remove(ref) {
      attempt('removing', () => rmSync(join(directory, fileName(ref)), { force: true }));
    },
    read() {
      return readdirSync(directory)
        .filter((name) => name.endsWith('.json'))
        .sort()
        .flatMap((name) => {
          const file = join(directory, name);
          const result = readResult(file);
          if (result === undefined) {
            logger.warn('spool: a file holds no result and is removed', { file });
            rmSync(file, { force: true });
            return [];
          }
          return [result];
        });
    },
  };
}

/** A run's id may hold any character; its hash is a safe file name. */
function fileName([run, attempt]: AttemptRef): string {
  return `${createHash('sha256').update(run).digest('hex').slice(0, 40)}-${attempt}.json`;
}

function readResult(file: string): RunResult | undefined {
  try {
    return resultSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}

function makePrivateDirectory(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stat = lstatSync(directory);
  const foreign = process.getuid !== undefined && stat.uid !== process.getuid();
  // In a shared temporary directory someone else may have made it first, or put a link there.
  if (!stat.isDirectory() || foreign || (stat.mode & 0o077) !== 0) {
    throw new Error(
      `The spool directory ${directory} must be a directory that belongs to you with mode 700; remove it or choose another.`,
    );
  }
}
