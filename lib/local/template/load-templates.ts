/** The templates of the application, synthesised when something that they are made from has changed. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { NamedTemplate, Template } from './resolver.ts';

/** Everything that the templates depend on, relative to the repository. */
const SOURCES = ['lib/infrastructure', 'lib/contracts', 'lib/platform/env', 'cdk.json', 'package-lock.json'];
const CHILD = 'lib/local/template/synthesize-child.ts';
/** So many states of the sources stay cached: switching between branches synthesises once for each. */
const KEPT_CACHES = 4;

const filesUnder = (root: string, path: string): string[] => {
  if (!existsSync(join(root, path))) {
    return [];
  }
  const isFolder = !/\.\w+$/.test(basename(path));
  return isFolder
    ? readdirSync(join(root, path), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [join(root, path)];
};

const sourceHash = async (root: string): Promise<string> => {
  const hash = createHash('sha256').update(process.versions.node);
  for (const file of SOURCES.flatMap((path) => filesUnder(root, path)).sort()) {
    hash.update(`\0${file}\0`).update(await readFile(file));
  }
  return hash.digest('hex').slice(0, 16);
};

const synthesize = async (root: string, outdir: string): Promise<string[]> => {
  const child = spawn(process.execPath, [join(root, CHILD), outdir], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (child.exitCode !== 0) {
    throw new Error(`The infrastructure could not be synthesised:\n${errors.trim()}`);
  }
  const paths: unknown = JSON.parse(output);
  return Array.isArray(paths) ? paths.map(String) : [];
};

/** The CDK adds a hash to a file's name; a stack's own name is enough here. */
const stackOf = (path: string): string => basename(path, '.template.json').replace(/[0-9A-F]{8}$/, '');

const readTemplates = async (paths: readonly string[]): Promise<NamedTemplate[]> =>
  Promise.all(
    paths.map(async (path) => ({
      stack: stackOf(path),
      template: JSON.parse(await readFile(path, 'utf8')) as Template,
    })),
  );

const prune = async (cacheDir: string): Promise<void> => {
  const names = readdirSync(cacheDir).filter((name) => name.endsWith('.json'));
  const files = names.map((name) => ({ path: join(cacheDir, name), at: statSync(join(cacheDir, name)).mtimeMs }));
  const old = files.sort((a, b) => b.at - a.at).slice(KEPT_CACHES);
  await Promise.all(old.map(({ path }) => rm(path, { force: true })));
};

/**
 * @param root the repository
 * @param cacheDir where templates are kept between two starts
 */
export const loadTemplates = async (root: string, cacheDir: string): Promise<NamedTemplate[]> => {
  const hash = await sourceHash(root);
  const cached = join(cacheDir, `${hash}.json`);
  if (existsSync(cached)) {
    return JSON.parse(await readFile(cached, 'utf8')) as NamedTemplate[];
  }
  await mkdir(cacheDir, { recursive: true });
  const outdir = await mkdtemp(join(cacheDir, 'cdk-'));
  try {
    const templates = await readTemplates(await synthesize(root, outdir));
    const written = join(outdir, 'templates.json');
    await writeFile(written, JSON.stringify(templates));
    // In one step, as another start may be reading.
    await rename(written, cached);
    await prune(cacheDir);
    return templates;
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
};
