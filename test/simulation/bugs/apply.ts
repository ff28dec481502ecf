/** Makes a copy of the simulation, with the product's code in it, in which some places read otherwise. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { Edit } from './bug.ts';

/** Everything that one execution runs on. */
export type Simulation = typeof import('./entry.ts');

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** In the repository, so that the packages that a copy imports are found; and where git does not look. */
const COPIES = join(ROOT, 'node_modules/.cache/cronsaga-simulation');

/** @throws a plain error when the text to be replaced is not there exactly once */
const edit = (text: string, { file, find, replace }: Edit): string => {
  const pieces = text.split(find);
  if (pieces.length !== 2) {
    throw new Error(
      `The list of bugs is stale: ${file} has ${pieces.length - 1} places that read\n${find}\nGive the bug the text of today.`,
    );
  }
  return pieces.join(replace);
};

const editing = (edits: readonly Edit[]): Plugin => ({
  name: 'edits',
  setup: ({ onLoad, onEnd }) => {
    const missed = new Set(edits.map(({ file }) => file));
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const file = relative(ROOT, path).replaceAll(sep, '/');
      const own = edits.filter((one) => one.file === file);
      missed.delete(file);
      return own.length === 0 ? undefined : { contents: own.reduce(edit, await readFile(path, 'utf8')), loader: 'ts' };
    });
    onEnd(() => {
      const [file] = missed;
      return file === undefined
        ? undefined
        : { errors: [{ text: `The list of bugs is stale: the simulation does not use ${file}` }] };
    });
  },
});

/** The simulation as it would be with these edits; with none, as it is. */
export const simulationWith = async (edits: readonly Edit[]): Promise<Simulation> => {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./entry.ts', import.meta.url))],
    bundle: true,
    write: false,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node24',
    logLevel: 'silent',
    plugins: [editing(edits)],
  });
  await mkdir(COPIES, { recursive: true });
  const folder = await mkdtemp(join(COPIES, 'copy-'));
  try {
    const file = join(folder, 'simulation.mjs');
    await writeFile(file, outputFiles[0]?.text ?? '');
    return (await import(/* @vite-ignore */ pathToFileURL(file).href)) as Simulation;
  } finally {
    await rm(folder, { recursive: true });
  }
};
