import * as z from 'zod';
import { categoryCodeSchema, nameSchema, workerIdSchema } from '../contracts/frames.ts';
import { MAX_CATEGORIES, MAX_LABELS, MAX_SLOTS } from '../contracts/limits.ts';
import { parseNetwork } from './built-in/address-guard.ts';
import { type BuiltIn, builtInSchema } from './built-in/index.ts';
import type { WorkerLogger } from './logger.ts';

export type WorkerOptions = {
  /** WebSocket URL of the control plane, `wss://…` (or `ws://` on one machine). */
  readonly url: string;
  /** An API key with the scope `workers:connect` that may serve the pool; sent as `Authorization: Bearer`. */
  readonly token: string;
  /** How the worker is shown. Two workers at a time should not share one: they would share a spool directory. */
  readonly name: string;
  /** Runs at a time, 1 to 100. Default 10. */
  readonly maxTasks?: number;
  /** The queue that it serves. Default `default`. */
  readonly pool?: string;
  readonly tags?: readonly string[];
  /** Id under which the worker is registered. Default: its name. */
  readonly worker?: string;
  /** What tasks may ask for by name and value. */
  readonly labels?: Readonly<Record<string, string>>;
  /**
   * Codes of the categories that it serves. Default: all. The scripts of a category are run before its first run, which only a
   * worker that allows `shell` may do.
   */
  readonly categories?: readonly string[];
  /** Built-in handlers that tasks may use. Default none. */
  readonly allow?: readonly BuiltIn[];
  /** Networks that the http handlers may reach although they are not public: `127.0.0.0/8`. Default none. */
  readonly allowNetwork?: readonly string[];
  /** Where results wait that may not have been delivered. Default: a directory of the user's under the temporary one. */
  readonly spoolDirectory?: string;
  /** Base of the HTTP API, for payloads too large for a frame. Default: the origin of `url`. */
  readonly httpUrl?: string;
  /** Default: lines on standard error. */
  readonly logger?: WorkerLogger;
};

const urlOf = (...protocols: string[]) =>
  z
    .string()
    .refine(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
    );
const name = z
  .string()
  .refine(
    (text) => nameSchema.safeParse(text).success,
    'must be 1 to 64 letters, digits, dots, underscores or hyphens',
  );
const LABEL_CHARS = 64;
const SLOTS = `must be a whole number from 1 to ${MAX_SLOTS}`;

const optionsSchema = z.object({
  url: urlOf('ws:', 'wss:'),
  // Anything else cannot be sent in a header.
  token: z.string().regex(/^[\x21-\x7e]+$/, 'is needed: printable ASCII without spaces'),
  name,
  maxTasks: z.int(SLOTS).min(1, SLOTS).max(MAX_SLOTS, SLOTS).default(10),
  pool: name.default('default'),
  tags: z.array(name).max(32, 'must be 32 at most').default([]),
  worker: z
    .string()
    .refine(
      (text) => workerIdSchema.safeParse(text).success,
      'must be 1 to 128 letters, digits, dots, underscores or hyphens',
    )
    .optional(),
  labels: z
    .record(z.string(), z.string().max(LABEL_CHARS, `must have values of at most ${LABEL_CHARS} characters`))
    .refine(
      (labels) => Object.keys(labels).every((label) => nameSchema.safeParse(label).success),
      'must have names of 1 to 64 letters, digits, dots, underscores or hyphens',
    )
    .refine((labels) => Object.keys(labels).length <= MAX_LABELS, `must be ${MAX_LABELS} at most`)
    .optional(),
  categories: z
    .array(
      z
        .string()
        .refine(
          (text) => categoryCodeSchema.safeParse(text).success,
          'must be codes of 1 to 128 characters that do not begin with a digit',
        ),
    )
    .max(MAX_CATEGORIES, `must be ${MAX_CATEGORIES} at most`)
    .optional(),
  allow: z.array(builtInSchema).default([]),
  allowNetwork: z
    .array(
      z.string().transform((text, context) => {
        const network = parseNetwork(text);
        if (network !== undefined) return network;
        context.addIssue({
          code: 'custom',
          message: `"${text}" is no network: write 127.0.0.0/8, fd00::/8 or one address`,
        });
        return z.NEVER;
      }),
    )
    .default([]),
  spoolDirectory: z.string().min(1).optional(),
  httpUrl: urlOf('http:', 'https:').optional(),
});
export type CheckedOptions = z.infer<typeof optionsSchema>;

/** Some options are wrong. The message names each and says what it must be; the token is never repeated. */
export class OptionsError extends Error {
  override readonly name = 'OptionsError';
  readonly issues: readonly { readonly option: string; readonly message: string }[];

  constructor(issues: OptionsError['issues']) {
    super(`The worker's options are wrong. ${issues.map(({ option, message }) => `${option} ${message}`).join('; ')}.`);
    this.issues = issues;
  }
}

export function checkOptions(options: WorkerOptions): CheckedOptions {
  const checked = optionsSchema.safeParse(options);
  if (checked.success) return checked.data;
  throw new OptionsError(checked.error.issues.map(({ path, message }) => ({ option: String(path[0]), message })));
}
