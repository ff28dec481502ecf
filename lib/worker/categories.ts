/**
 * Categories: kinds of work for which a worker is made ready before the first run, by scripts that people wrote.
 *
 * `check` tells by exit code 0 that the worker is ready. Where it is not, `setup` is run and then `check` once more. What was
 * found ready stays so for the life of the process; after a failure the next run of the category tries again.
 */
import type { ServerFrameOf } from '../contracts/frames.ts';
import { MAX_OUTPUT_CHARS } from '../contracts/limits.ts';
import { runProcess } from './built-in/process.ts';
import type { Clock } from './clock.ts';
import type { Ending } from './handlers.ts';
import type { WorkerLogger } from './logger.ts';

export type CategoryScripts = NonNullable<ServerFrameOf<'welcome'>['categories']>[number];
type Script = Exclude<keyof CategoryScripts, 'code'>;

/** A `setup` may install things; one that takes longer hangs. */
const SCRIPT_WITHIN_MS = 10 * 60_000;
/** The worker is about to leave, and whoever stops it waits. */
const TEARDOWN_WITHIN_MS = 10_000;

export type Categories = {
  /** What the control plane says now; it goes before what it said earlier. */
  readonly learn: (scripts: readonly CategoryScripts[]) => void;
  /** @returns why runs of the category cannot be executed here; undefined when they can */
  readonly prepare: (code: string | undefined) => Promise<string | undefined>;
  /** Undoes what was set up. */
  readonly teardown: () => Promise<void>;
};

export type CategoriesParams = {
  /** Whether this worker may run shell scripts at all. */
  readonly mayRun: boolean;
  readonly clock: Clock;
  readonly logger: WorkerLogger;
};

type Preparation = { readonly scripts: CategoryScripts; readonly problem: Promise<string | undefined> };

const isSame = (a: CategoryScripts, b: CategoryScripts | undefined): boolean =>
  a.check === b?.check && a.setup === b.setup && a.teardown === b.teardown;

export function createCategories({ mayRun, clock, logger }: CategoriesParams): Categories {
  const known = new Map<string, CategoryScripts>();
  const begun = new Map<string, Preparation>();
  const ready = new Map<string, CategoryScripts>();

  /** @returns undefined when it succeeded, or there is none; else what it wrote */
  const run = async (scripts: CategoryScripts, which: Script, withinMs: number): Promise<string | undefined> => {
    if (scripts[which].trim() === '') return undefined;
    const time = new AbortController();
    const cancel = clock.startTimer(withinMs, () => time.abort());
    const ending = await runProcess(
      {
        file: 'sh',
        args: ['-c', scripts[which]],
        workingDirectory: undefined,
        environment: { CRONSAGA_CATEGORY: scripts.code },
      },
      {
        ...{ stopping: time.signal, killing: time.signal, outputChars: MAX_OUTPUT_CHARS },
        ...{ log: () => {}, write: () => {}, progress: () => {} },
      },
    );
    cancel();
    if (ending.outcome === 'succeeded') return undefined;
    return time.signal.aborted ? `${which} did not end within ${withinMs / 1_000} s` : `${which}: ${textOf(ending)}`;
  };

  const makeReady = async (scripts: CategoryScripts): Promise<string | undefined> => {
    const unready = scripts.check.trim() === '' ? 'never checked' : await run(scripts, 'check', SCRIPT_WITHIN_MS);
    if (unready === undefined) return undefined;
    logger.info('a category is set up', { category: scripts.code });
    return (await run(scripts, 'setup', SCRIPT_WITHIN_MS)) ?? (await run(scripts, 'check', SCRIPT_WITHIN_MS));
  };

  const begin = (scripts: CategoryScripts): Promise<string | undefined> => {
    const problem = makeReady(scripts).then((found) => {
      if (found === undefined) {
        ready.set(scripts.code, scripts);
        return undefined;
      }
      if (begun.get(scripts.code)?.problem === problem) begun.delete(scripts.code);
      logger.warn('a category is not ready', { category: scripts.code });
      return `This worker is not ready for the category "${scripts.code}". ${found}`;
    });
    begun.set(scripts.code, { scripts, problem });
    return problem;
  };

  return {
    learn(scripts) {
      known.clear();
      for (const one of scripts) known.set(one.code, one);
    },
    async prepare(code) {
      const scripts = code === undefined ? undefined : known.get(code);
      if (scripts === undefined) return undefined;
      if (!mayRun) {
        return `The category "${scripts.code}" has scripts, which this worker may not run. Start it with --allow shell.`;
      }
      const last = begun.get(scripts.code);
      return last !== undefined && isSame(scripts, last.scripts) ? last.problem : begin(scripts);
    },
    async teardown() {
      const toUndo = [...ready.values()];
      ready.clear();
      begun.clear();
      await Promise.all(
        toUndo.map(async (scripts) => {
          const failed = await run(scripts, 'teardown', TEARDOWN_WITHIN_MS);
          if (failed !== undefined) logger.warn('a teardown failed', { category: scripts.code, failed });
        }),
      );
    },
  };
}

const textOf = ({ error, output = '', exitCode }: Ending): string =>
  [`exit code ${exitCode ?? 'unknown'}`, output.trim(), error?.trim() ?? ''].filter((text) => text !== '').join('\n');
