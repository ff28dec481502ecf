/** Writes docs/openapi.json and docs/openapi.yaml; with --check, fails when they are not what the contracts say. */
import { readFileSync, writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { openApiDocument } from '../lib/platform/openapi.ts';

const document = openApiDocument();
const files = [
  { name: 'docs/openapi.json', text: `${JSON.stringify(document, null, 2)}\n` },
  // YAML 1.1 readers take a bare 2025-11-10T15:00:00Z for a timestamp; that schema quotes it, and any reader takes a string.
  {
    name: 'docs/openapi.yaml',
    text: stringify(document, { schema: 'yaml-1.1', lineWidth: 120, aliasDuplicateObjects: false }),
  },
];
const pathOf = (name: string): URL => new URL(`../${name}`, import.meta.url);

const readOrEmpty = (name: string): string => {
  try {
    return readFileSync(pathOf(name), 'utf8');
  } catch {
    return '';
  }
};

if (process.argv.includes('--check')) {
  const stale = files.filter(({ name, text }) => readOrEmpty(name) !== text);
  if (stale.length > 0) {
    process.stderr.write(
      `Stale: ${stale.map(({ name }) => name).join(', ')}. Run npm run openapi and commit the result.\n`,
    );
    process.exitCode = 1;
  }
} else {
  for (const { name, text } of files) {
    writeFileSync(pathOf(name), text);
    process.stdout.write(`${name}\n`);
  }
}
