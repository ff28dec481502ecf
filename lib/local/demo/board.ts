/** The live table: redrawn in place on a terminal, lines of what changed otherwise. */
import type { Task } from '../../contracts/http/task.ts';
import type { DemoCase } from './cases.ts';
import { firstStartOf } from './task-client.ts';

export type Row = { readonly demo: DemoCase; readonly task: Task };

export type Screen = {
  readonly write: (text: string) => void;
  /** Whether the cursor can be moved and colours are seen. */
  readonly isTerminal: boolean;
  readonly columns: () => number;
};

/** On an idle machine a start is nearer to its due time than this; a later one is marked. */
export const PUNCTUAL_MS = 100;

const DIM = 2;
const COLOURS: Readonly<Record<Task['status'], number>> = {
  pending: DIM,
  processing: 36,
  completed: 32,
  failed: 31,
  cancelled: 33,
};

const isOver = ({ status }: Task): boolean => status === 'completed' || status === 'failed' || status === 'cancelled';

/** Milliseconds from the due time to the first start. */
export const latenessOf = (task: Task): number | undefined => {
  const start = firstStartOf(task);
  return start === undefined ? undefined : start - Date.parse(task.execute_at);
};

const latenessText = (task: Task): string => {
  const lateMs = latenessOf(task);
  return lateMs === undefined ? '' : `${lateMs < 0 ? '' : '+'}${lateMs} ms${lateMs > PUNCTUAL_MS ? ' !' : ''}`;
};

const noteOf = ({ demo, task }: Row): string => {
  if (isOver(task)) {
    return demo.shows(task);
  }
  if (task.status === 'pending') {
    const dueInMs = Date.parse(task.execute_at) - Date.now();
    const dueIn = dueInMs > 0 ? `due in ${(dueInMs / 1_000).toFixed(1)} s` : 'due';
    return task.attempts > 0 ? `to be tried again: ${task.error_message?.trim() ?? ''}` : dueIn;
  }
  return task.progress === undefined ? '' : `${task.progress.percent} %`;
};

const HEADINGS = ['TASK', 'TYPE', 'STATUS', 'TRIES', 'WORKER', 'STARTED', 'WHAT CAME OF IT'] as const;
const STATUS_COLUMN = 2;

const cellsOf = (row: Row): readonly string[] => {
  const { demo, task } = row;
  return [
    demo.name,
    demo.type,
    task.status,
    `${task.attempts} of ${task.max_attempts}`,
    task.worker ?? '',
    latenessText(task),
    noteOf(row),
  ];
};

/** What a task, a handler or a server said must not steer the terminal. */
const printable = (text: string): string => text.replace(/\p{Cc}+/gu, ' ');

/** The least widths keep the columns still while the table fills. */
const LEAST_WIDTHS = [0, 0, 'processing'.length, '1 of 3'.length, 'WORKER'.length, '+100 ms'.length, 0];

const layOut = (rows: readonly Row[]): readonly (readonly string[])[] => {
  const cells = [HEADINGS, ...rows.map(cellsOf)].map((line) => line.map(printable));
  const widths = LEAST_WIDTHS.map((least, at) => Math.max(least, ...cells.map((line) => line[at]?.length ?? 0)));
  return cells.map((line) => line.map((cell, at) => cell.padEnd(widths[at] ?? 0)));
};

export const createBoard = (screen: Screen) => {
  const paint = (code: number, text: string): string => (screen.isTerminal ? `\u001b[${code}m${text}\u001b[0m` : text);
  const startedAt = performance.now();
  const told = new Map<DemoCase, string>();
  let drawn = 0;

  /** A line longer than the terminal would take two, and the cursor would come back to the wrong one. No task: headings. */
  const line = (cells: readonly string[], task: Task | undefined): string => {
    const text = `  ${cells.join('  ')}`.trimEnd().slice(0, Math.max(20, screen.columns() - 1));
    if (task === undefined) {
      return paint(DIM, text);
    }
    const at = 2 + cells.slice(0, STATUS_COLUMN).reduce((width, cell) => width + cell.length + 2, 0);
    const end = at + task.status.length;
    return `${text.slice(0, at)}${paint(COLOURS[task.status], text.slice(at, end))}${text.slice(end)}`;
  };

  const table = (rows: readonly Row[]): string =>
    layOut(rows)
      .map((cells, at) => `${line(cells, rows[at - 1]?.task)}\n`)
      .join('');

  const redraw = (rows: readonly Row[]): void => {
    const up = drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`;
    screen.write(`${up}${table(rows)}`);
    drawn = rows.length + 1;
  };

  const append = (rows: readonly Row[]): void => {
    for (const row of rows) {
      const { demo, task } = row;
      const state = `${task.status} ${task.attempts} ${task.evidence?.state}`;
      if (state === told.get(demo)) {
        continue;
      }
      told.set(demo, state);
      const at = `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`.padStart(7);
      const note = printable(noteOf(row));
      const tries = task.attempts === 0 ? '' : `try ${task.attempts} of ${task.max_attempts}`;
      screen.write(
        `${at}  ${demo.name.padEnd(28)}${task.status.padEnd(12)}${tries.padEnd(12)}${note}`.trimEnd().concat('\n'),
      );
    }
  };

  return {
    update: (rows: readonly Row[]): void => {
      if (screen.isTerminal) {
        redraw(rows);
      } else {
        append(rows);
      }
    },
    /** The table as it stands at the end; a terminal has it already. */
    finish: (rows: readonly Row[]): void => {
      if (screen.isTerminal) {
        redraw(rows);
      } else {
        screen.write(`\n${table(rows)}`);
      }
    },
  };
};
