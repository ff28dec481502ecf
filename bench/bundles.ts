/** The functions' bundles as they are deployed: how large each is, and how long a fresh process takes to import it. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import * as z from 'zod';
import { buildApp } from '../lib/infrastructure/app.ts';
import { ENTRY_METADATA } from '../lib/infrastructure/constructs/service-function.ts';

export type BundleFigures = {
  readonly entry: string;
  readonly kilobytes: number;
  readonly zippedKilobytes: number;
  /** The least of some: what else the machine does only adds. Without the start of Node itself. */
  readonly coldImportMs: number;
};

const STAGE = { name: 'bench', settings: { alarmEmail: 'operator@example.com' } };

const functionSchema = z.object({
  Properties: z.object({
    Code: z.object({ S3Key: z.string() }),
    Environment: z.object({ Variables: z.record(z.string(), z.unknown()) }),
  }),
  Metadata: z.record(z.string(), z.unknown()),
});

const importMs = (file: string, environment: Readonly<Record<string, string>>): number => {
  const script = `
    const before = performance.now();
    await import(${JSON.stringify(pathToFileURL(file).href)});
    process.stdout.write(String(performance.now() - before));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
    env: { ...environment, AWS_REGION: 'us-east-1' },
    encoding: 'utf8',
  });
  return Number(printed);
};

export const measureBundles = (times: number): readonly BundleFigures[] => {
  const outdir = mkdtempSync(join(tmpdir(), 'cronsaga-bench-'));
  try {
    const { stacksRecursively } = buildApp({ stage: STAGE, checks: false, outdir }).synth();
    const functions = stacksRecursively.flatMap(({ template }) =>
      Object.values(template.Resources as Record<string, { readonly Type: string }>)
        .filter(({ Type }) => Type === 'AWS::Lambda::Function')
        .map((resource) => functionSchema.parse(resource))
        .filter(({ Metadata }) => Metadata[ENTRY_METADATA] !== undefined),
    );
    return functions.map(({ Properties, Metadata }) => {
      const file = join(outdir, `asset.${Properties.Code.S3Key.replace('.zip', '')}`, 'index.mjs');
      const bytes = readFileSync(file);
      const environment = Object.fromEntries(
        Object.entries(Properties.Environment.Variables).map(([name, value]) => [
          name,
          typeof value === 'string' ? value : 'https://made.example',
        ]),
      );
      return {
        entry: String(Metadata[ENTRY_METADATA]),
        kilobytes: bytes.length / 1_024,
        zippedKilobytes: gzipSync(bytes).length / 1_024,
        coldImportMs: Math.min(...Array.from({ length: times }, () => importMs(file, environment))),
      };
    });
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};
