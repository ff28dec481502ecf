/**
 * How an attacker reaches the stack: from an address of their own, with whatever bytes they like. (`fetch` would choose the
 * address itself, tidy up paths and refuse double headers.) Every 127.x.y.z is this machine, on Linux without being set up.
 */
import { request } from 'node:http';
import { connect } from 'node:net';
import * as z from 'zod';

export type Answer = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
};

export type Sent = {
  /** Comes after `Bearer`. */
  readonly as?: string | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, as JSON by its type. */
  readonly text?: string;
  /** In this order and spelling, each as often as it is named. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
};

export type Requests = {
  /** @param line `GET /path`: the path goes out as it is written here */
  readonly send: (line: string, sent?: Sent) => Promise<Answer>;
  /** Sends bytes that no client would. @returns all that came back until the server closed the connection */
  readonly sendRaw: (bytes: string) => Promise<string>;
};

const ANSWER_WITHIN_MS = 30_000;

const PASSWORDS = z
  .object({ password: z.string(), old_password: z.string(), new_password: z.string() })
  .partial()
  .catch({});
const CREDENTIALS = z
  .object({ access_token: z.string(), refresh_token: z.string(), key: z.string() })
  .partial()
  .catch({});
const DATA = z.object({ data: z.unknown() }).catch({ data: undefined });

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** What makes a credential one: the signature of a token, the random part of a key. Logs may show the rest of a key. */
export const essenceOf = (credential: string): string | undefined =>
  /^csk_\w+?_\w+?_([\w-]{43})$/.exec(credential)?.[1] ?? /^[\w-]+\.[\w-]+\.([\w-]{43,})$/.exec(credential)?.[1];

/** Secrets that were on the wire in either direction: none of them may be found anywhere else. */
const secretsIn = ({ as, body }: Sent, answered: string): readonly string[] => {
  const { data } = DATA.parse(jsonOf(answered));
  const credentials = [as, ...[body, data].flatMap((part) => Object.values(CREDENTIALS.parse(part)))];
  return [...Object.values(PASSWORDS.parse(body)), ...credentials.map((text) => text && essenceOf(text))].filter(
    (secret) => typeof secret === 'string',
  );
};

/**
 * @param address of the attacker
 * @param keep is told each secret that was sent or received
 */
export const createRequests = (url: string, address: string, keep: (secret: string) => void): Requests => {
  const { hostname, port, host } = new URL(url);

  const send = (line: string, sent: Sent = {}): Promise<Answer> => {
    const [method = '', path = ''] = line.split(/ (.*)/s);
    const { as, body, headers = [] } = sent;
    const text = sent.text ?? (body === undefined ? undefined : JSON.stringify(body));
    const lines = [
      ['Host', host],
      ...(text === undefined
        ? []
        : [
            ['Content-Type', 'application/json'],
            ['Content-Length', String(Buffer.byteLength(text))],
          ]),
      ...(as === undefined ? [] : [['Authorization', `Bearer ${as}`]]),
      ...headers,
    ];
    return new Promise((resolve, reject) => {
      const call = request(
        { method, path, hostname, port, localAddress: address, agent: false, headers: lines.flat() },
        (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const answered = Buffer.concat(chunks).toString();
            secretsIn(sent, answered).forEach(keep);
            resolve({ status: response.statusCode ?? 0, headers: response.headers, text: answered });
          });
        },
      );
      call.setTimeout(ANSWER_WITHIN_MS, () => call.destroy(new Error(`${line} was not answered`)));
      call.on('error', reject);
      call.end(text);
    });
  };

  const sendRaw = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port: Number(port), localAddress: address });
      const chunks: Buffer[] = [];
      socket.setTimeout(ANSWER_WITHIN_MS, () => socket.destroy(new Error('The raw request was not answered')));
      socket.on('data', (chunk: Buffer) => chunks.push(chunk));
      socket.on('error', reject);
      socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
      socket.write(bytes.replaceAll('{host}', host), 'latin1');
    });

  return { send, sendRaw };
};

/** `data` of an answer of the groups under `/api`. */
export const dataOf = <T extends z.ZodType>({ status, text }: Answer, schema: T): z.output<T> => {
  const parsed = schema.safeParse(DATA.parse(jsonOf(text)).data);
  if (!parsed.success) {
    throw new Error(`The answer (${status}) is not what was expected: ${text.slice(0, 300)}`);
  }
  return parsed.data;
};

const MESSAGE = z.object({ message: z.string() });

/** Status and words of an answer: what is left of it without the instant at which it was made. */
export const said = ({ status, text }: Answer): string => `${status} ${MESSAGE.parse(jsonOf(text)).message}`;
