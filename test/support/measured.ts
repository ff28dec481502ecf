/** Tables of measured figures, on the terminal and in a document between two marks. */
import { readFileSync, writeFileSync } from 'node:fs';

/** A Markdown table that also reads well as plain text. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const cells = [head, ...rows];
  const widths = head.map((_, column) => Math.max(3, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
};

/** Puts the text between `<!-- name: begin -->` and `<!-- name: end -->` of the file, in place of what was there. */
export const writeMeasured = (file: string, name: string, text: string): void => {
  const document = readFileSync(file, 'utf8');
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [before, after] = [document.indexOf(begin), document.indexOf(end)];
  if (before < 0 || after < before) {
    throw new Error(`${file} has lost the marks between which figures go: ${begin} and ${end}`);
  }
  writeFileSync(file, `${document.slice(0, before + begin.length)}\n\n${text}\n\n${document.slice(after)}`);
};
