/** Writes docs/run-states.md from TRANSITIONS; with --check, fails when it is not what they say. */
import { readFileSync, writeFileSync } from 'node:fs';
import { RUN_STATUSES, type RunStatus, TERMINAL, TRANSITIONS } from '../lib/domain/run.ts';

const FILE = 'docs/run-states.md';
const path = new URL(`../${FILE}`, import.meta.url);

/** Mermaid's name for both the beginning and the end of a machine. */
const OUTSIDE = '[*]';

type Transition = { readonly from: readonly RunStatus[]; readonly to: RunStatus; readonly rule: string };
const transitions: readonly (readonly [name: string, transition: Transition])[] = Object.entries(TRANSITIONS);

/** One arrow for each pair of states, in the order in which TRANSITIONS first names the pair, with all that it stands for. */
const arrows = (): string[] => {
  const names = new Map<string, string[]>();
  for (const [name, { from, to }] of transitions) {
    for (const source of from.length === 0 ? [OUTSIDE] : from) {
      const pair = `${source} --> ${to}`;
      names.set(pair, [...(names.get(pair) ?? []), name]);
    }
  }
  return [...names].map(([pair, labels]) => `  ${pair}: ${labels.join(', ')}`);
};

/** The section of the rule's letter in the protocol. */
const SECTIONS: Readonly<Record<string, string>> = {
  A: 'alarms',
  C: 'credit',
  D: 'dispatch',
  J: 'jobs',
  R: 'runs',
  S: 'sessions',
  T: 'transactions',
};

const ruleLink = (rule: string): string => {
  const section = SECTIONS[rule.charAt(0)];
  if (section === undefined) {
    throw new Error(`TRANSITIONS names the rule ${rule}, whose letter has no section in docs/protocol.md`);
  }
  return `[${rule}](protocol.md#${section})`;
};

const code = (text: string): string => `\`${text}\``;

const row = ([name, { from, to, rule }]: (typeof transitions)[number]): string =>
  `| ${code(name)} | ${from.length === 0 ? '–' : from.map(code).join(', ')} | ${code(to)} | ${ruleLink(rule)} |`;

const text = `# The states of a run

<!-- Written by "npm run diagrams" from TRANSITIONS in lib/domain/run.ts. Do not edit. -->

From the same constant come the condition of every write and the tests of the machine. What each state means is told at
the head of \`lib/domain/run.ts\`; the rules are in [the protocol](protocol.md).

\`\`\`mermaid
stateDiagram-v2
${arrows().join('\n')}
${TERMINAL.map((status) => `  ${status} --> ${OUTSIDE}`).join('\n')}
\`\`\`

There are ${RUN_STATUSES.length} states; ${TERMINAL.map(code).join(', ')} are final. A write succeeds only from one of the states under *from*.

| transition | from | to | rule |
| --- | --- | --- | --- |
${transitions.map(row).join('\n')}
`;

const readOrEmpty = (): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};

if (!process.argv.includes('--check')) {
  writeFileSync(path, text);
  process.stdout.write(`${FILE}\n`);
} else if (readOrEmpty() !== text) {
  process.stderr.write(`Stale: ${FILE}. Run npm run diagrams and commit the result.\n`);
  process.exitCode = 1;
}
