import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { SWAGGER_UI_FILES, SWAGGER_UI_FOLDER } from '../../lib/contracts/http/docs-pages.ts';
import { buildApp } from '../../lib/infrastructure/app.ts';
import { ENTRY_METADATA } from '../../lib/infrastructure/constructs/service-function.ts';
import { PRODUCTION, resourcesOf, SYNTH_TIMEOUT_MS, scratchDirectory, templatesOf } from './synthesized-stacks.ts';

/**
 * A cold start reads the whole bundle. Each may grow by some 5 %; what adds more is to be meant. Of each but the docs' the
 * SDK's clients are 175 to 250 KB; of each, zod is 103 (its checks are methods, which no bundler can drop one by one).
 */
const MAX_KILOBYTES = {
  // Every operation of the APIs with its contract (130), the handlers (85), the reading of schedules: cron-parser with
  // luxon, which it cannot do without (98), and our own (19); and what moves transactions on (40), as in four others.
  'functions/http/api.ts': 990,
  'functions/http/docs.ts': 285,
  // Signing keys and secrets have clients of their own (40); bcrypt (19).
  'functions/http/identity.ts': 480,
  // The whole engine, for whatever an alarm is about: a fire reads the schedule.
  'functions/queue/alarms.ts': 745,
  // Of the engine what delivers a run, without schedules; the worker's executor and its guard.
  'functions/queue/execute.ts': 560,
  'functions/schedule/reconcile.ts': 745,
  'functions/stream/counts.ts': 320,
  'functions/websocket/connect.ts': 335,
  // The most often started, by each frame of a worker: the engine without schedules.
  'functions/websocket/frame.ts': 555,
} as const;
const ENTRIES = Object.keys(MAX_KILOBYTES) as (keyof typeof MAX_KILOBYTES)[];

const propertiesSchema = z.object({
  Code: z.object({ S3Key: z.string() }),
  Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
});

describe('the bundles of the functions', { timeout: SYNTH_TIMEOUT_MS }, () => {
  const bundles = new Map<string, { directory: string; environment: Record<string, string> }>();
  const bundleOf = (entry: string) => {
    const bundle = bundles.get(entry);
    expect.assert(bundle !== undefined, `nothing was bundled for ${entry}`);
    return { ...bundle, file: join(bundle.directory, 'index.mjs') };
  };

  beforeAll(() => {
    const outdir = scratchDirectory();
    const app = buildApp({ stage: PRODUCTION, checks: false, outdir });
    for (const { Properties, Metadata } of resourcesOf(templatesOf(app).values(), 'AWS::Lambda::Function')) {
      const { Code, Environment } = propertiesSchema.parse(Properties);
      bundles.set(String(Metadata[ENTRY_METADATA]), {
        directory: join(outdir, `asset.${Code.S3Key.replace('.zip', '')}`),
        environment: Object.fromEntries(
          Object.entries(Environment.Variables).map(([name, value]) => [
            name,
            typeof value === 'string' ? value : 'https://made.example',
          ]),
        ),
      });
    }
  }, SYNTH_TIMEOUT_MS);

  it('are made for each function', () => {
    expect(new Set(bundles.keys())).toEqual(new Set(ENTRIES));
  });

  it.each(ENTRIES)('%s stays small', (entry) => {
    const bytes = statSync(bundleOf(entry).file).size;
    process.stdout.write(`${entry}: ${(bytes / 1024).toFixed(1)} KB\n`);
    expect(bytes / 1024).toBeLessThan(MAX_KILOBYTES[entry]);
  });

  it.each(ENTRIES)('%s starts on its own, with nothing installed beside it', (entry) => {
    const { file, environment } = bundleOf(entry);
    const script = `console.log(typeof (await import(${JSON.stringify(pathToFileURL(file).href)})).handler)`;
    const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: bundleOf(entry).directory,
      env: { ...environment, AWS_REGION: 'eu-central-1' },
      encoding: 'utf8',
      timeout: SYNTH_TIMEOUT_MS,
    });
    expect(printed.trim().split('\n').at(-1)).toBe('function');
  });

  it('bring Swagger UI along with the docs function', () => {
    const directory = join(bundleOf('functions/http/docs.ts').directory, SWAGGER_UI_FOLDER);
    expect(SWAGGER_UI_FILES.filter((file) => !existsSync(join(directory, file)))).toEqual([]);
  });
});
