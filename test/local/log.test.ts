import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createLocalLog, terminalLine } from '../../lib/local/log.ts';

const logged = (
  take: (log: ReturnType<typeof createLocalLog>) => void,
  level: 'debug' | 'warn' = 'debug',
): string[] => {
  const lines: string[] = [];
  take(createLocalLog({ terminal: { write: (text) => lines.push(text), colour: false, level } }));
  return lines.map((line) => line.replace(/^\S+ /, ''));
};

it('shows lines short and readable', () => {
  const lines = logged((log) => {
    log.logger('local').info('ready', { port: 8080, why: 'two words' });
    log.take('http/api', '{"time":"2026-11-21T09:00:00.123Z","level":"warn","message":"slow","ms":5,"requestId":"r"}');
    log.take('worker', '09:00:00.123 error connection lost code=1006');
    log.take('worker', 'Traceback: something else');
    log.take('worker', '');
  });
  expect(lines).toEqual([
    'info  local    ready port=8080 why="two words"\n',
    'warn  http/api slow ms=5\n',
    'error worker   connection lost code=1006\n',
    'info  worker   Traceback: something else\n',
  ]);
});

it('keeps the terminal to its level', () => {
  const lines = logged((log) => {
    log.logger('local').info('not shown');
    log.logger('local').warn('shown');
  }, 'warn');
  expect(lines).toEqual(['warn  local    shown\n']);
});

it('lets nothing that a task chose steer the terminal', () => {
  const entry = {
    time: '',
    level: 'info',
    message: 'a\u001b[2Jb',
    source: 'worker',
    output: 'c\u0007d\u009be',
  } as const;
  expect(terminalLine(entry, false)).toContain('a\\x1b[2Jb output=c\\x07d\\x9be');
  expect(terminalLine(entry, true)).toContain('\u001b[36minfo');
});

it('writes every line to the file as JSON, with its source and without secrets', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cronsaga-log-'));
  const log = createLocalLog({ file: join(folder, 'logs', 'cronsaga.log') });
  log.logger('local').debug('hidden on terminals', { token: 'secret' });
  log.take('http/api', '{"time":"2026-11-21T09:00:00.123Z","level":"warn","message":"slow","requestId":"r"}');
  await log.close();
  const lines = readFileSync(join(folder, 'logs', 'cronsaga.log'), 'utf8')
    .trim()
    .split('\n');
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    expect.objectContaining({ level: 'debug', message: 'hidden on terminals', token: '[redacted]', source: 'local' }),
    { time: '2026-11-21T09:00:00.123Z', level: 'warn', message: 'slow', requestId: 'r', source: 'http/api' },
  ]);
  rmSync(folder, { recursive: true });
});
