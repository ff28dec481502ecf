/** `npm run audit:verify`: reads the whole audit log over the API and recomputes its hash chain. */
import { appendFile, readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { type ChainVerdict, type NotedHead, verifyChain } from '../lib/application/identity/verify-chain.ts';
import { type AuditEntryView, listAudit } from '../lib/contracts/http/audit.ts';
import type { AuditEntry } from '../lib/domain/identity/audit.ts';

const HELP = `Checks that no entry of the audit log was changed, added or taken out.

  npm run audit:verify -- [options]

  --url URL        base of the HTTP API (default http://127.0.0.1:8080)
  --key KEY        API key or access token with audit:read; CRONSAGA_KEY keeps it out of the process list
                   (default: that of the local stack, .cronsaga/admin-key)
  --heads FILE     checks the heads that were noted in FILE before, and notes today's. Only a head that was noted where
                   the log's keeper cannot write shows that its end was cut off, or all of it computed anew
  --help

Exit code: 0 when the chain is whole, 1 when it is broken or cannot be read, 2 for a wrong option.
`;

const LOCAL_URL = 'http://127.0.0.1:8080';
const LOCAL_KEY_FILE = '.cronsaga/admin-key';
const PAGE_SIZE = 100;

class UsageError extends Error {}

const answerSchema = listAudit.answers[200].schema;

const toEntry = ({ at, request_id: requestId, detail, ...same }: AuditEntryView): AuditEntry => ({
  ...same,
  at: Date.parse(at),
  requestId,
  ...(detail === '' ? {} : { detail }),
});

/** Page by page, newest first. */
async function* readLog(url: string, key: string): AsyncGenerator<AuditEntry> {
  let before: number | undefined;
  do {
    const query = `page_size=${PAGE_SIZE}${before === undefined ? '' : `&before=${before}`}`;
    const answer = await fetch(`${url}/api/audit?${query}`, { headers: { authorization: `Bearer ${key}` } });
    if (answer.status !== 200) {
      throw new Error(`${url}/api/audit answered ${answer.status}: ${(await answer.text()).slice(0, 300)}`);
    }
    const { data } = answerSchema.parse(await answer.json());
    yield* data.list.map(toEntry);
    before = data.next_before;
  } while (before !== undefined);
}

const headSchema = z.object({ seq: z.int().min(1), hash: z.string().regex(/^[0-9a-f]{64}$/) });

/** One JSON object a line. A file that is not there yet has no heads. */
const readHeads = async (file: string): Promise<NotedHead[]> => {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return [];
    }
    throw error;
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => headSchema.parse(JSON.parse(line)));
};

/** The local stack's key opens the local stack alone. */
const localKey = async (url: string): Promise<string> => {
  if (url !== LOCAL_URL) {
    throw new UsageError(`--key is needed for ${url}. See npm run audit:verify -- --help.`);
  }
  try {
    return (await readFile(LOCAL_KEY_FILE, 'utf8')).trim();
  } catch {
    throw new UsageError(
      `There is no ${LOCAL_KEY_FILE}: start the stack or, if it has another port, give --url and --key. See npm run audit:verify -- --help.`,
    );
  }
};

const report = (verdict: ChainVerdict, noted: number): string =>
  verdict.kind === 'broken'
    ? `BROKEN at entry ${verdict.seq}: ${verdict.what}.`
    : `${verdict.entries} entries, the chain is whole${noted === 0 ? '' : `, and so are the heads noted before (${noted})`}. Head: ${verdict.head?.seq ?? 0} ${verdict.head?.hash ?? '(none)'}`;

const run = async (): Promise<void> => {
  const { values } = parseArgs({
    options: {
      url: { type: 'string', default: LOCAL_URL },
      key: { type: 'string' },
      heads: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const url = values.url.replace(/\/$/, '');
  const key = values.key ?? process.env.CRONSAGA_KEY ?? (await localKey(url));
  const noted = values.heads === undefined ? [] : await readHeads(values.heads);
  const verdict = await verifyChain(readLog(url, key), noted);
  process.stdout.write(`${report(verdict, noted.length)}\n`);
  if (verdict.kind === 'broken') {
    process.exitCode = 1;
  } else if (values.heads !== undefined && verdict.head !== undefined) {
    await appendFile(values.heads, `${JSON.stringify({ ...verdict.head, at: new Date().toISOString() })}\n`);
  }
};

try {
  await run();
} catch (error) {
  const isOption = error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  process.stderr.write(
    `${error instanceof Error ? error.message : String(error)}${isOption ? ' See npm run audit:verify -- --help.' : ''}\n`,
  );
  process.exitCode = isOption || error instanceof UsageError ? 2 : 1;
}
