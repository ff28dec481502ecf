/** Keeps secrets out of logs, by the name of a field and by what a text looks like. */

export const REDACTED = '[redacted]';

const SECRET_NAME = new RegExp(
  `(^|_)(${[
    'authorization|credentials?|tokens?|jwts?|cookies?|hash(es)?',
    'passwords?|passphrases?|pwd|secrets?|secret_?strings?',
    'api_?keys?|private_?keys?|secret_?access_?keys?',
  ].join('|')})$`,
);

/** Whether a field's value is never to be written, however the name is spelt: `refresh_token`, `newPassword`, `x-api-key`. */
export const isSecretName = (name: string): boolean =>
  SECRET_NAME.test(
    name
      .replace(/([a-z\d])([A-Z])/g, '$1_$2')
      .replaceAll('-', '_')
      .toLowerCase(),
  );

/** A run of characters that tokens and keys are made of; matched as a whole, so that no text makes it look twice. */
const TOKEN_RUN = /[\w.~+/-]+/g;
const KEY_BEGIN = 'csk_';
/** What of a key may be shown: owner and id, and no secret. */
const KEY_PREFIX = /^csk_[0-9a-z]{1,11}_[0-9a-z]{1,11}(?=_|$)/;
/** `{"` in base64url: how the header of a JWS begins. */
const JWT_BEGIN = 'eyJ';

const cutKey = (run: string): string => {
  const at = run.indexOf(KEY_BEGIN);
  if (at < 0) {
    return run;
  }
  const text = run.slice(at);
  const prefix = KEY_PREFIX.exec(text)?.[0];
  return text === prefix ? run : `${run.slice(0, at)}${prefix ?? 'csk'}_${REDACTED}`;
};

const cutToken = (run: string): string => {
  const at = run.indexOf(JWT_BEGIN);
  return at >= 0 && run.indexOf('.', at) > at ? `${run.slice(0, at)}${REDACTED}` : run;
};

const BEARER = /\bBearer\s+[^\s"',;]+/gi;
const BASIC = /\b(Basic\s+)(?!Basic\b)([\w+/-]+=*)/gi;

/** RFC 7617 §2: name and password, joined by a colon, in Base64. What has no colon is a word (`basic authentication`). */
const cutBasic = (all: string, scheme: string, run: string): string =>
  Buffer.from(run, 'base64').includes(':') ? `${scheme}${REDACTED}` : all;

/** What stands before the `@` of a URL's host. A token may stand there alone, so a name without a password is cut, too. */
const USER_INFO = /:\/\/[^\s/?#"]+@/g;

/**
 * Only names that ordinary sentences do not put before a colon (as they do `token`, `key`). The ARN of a secret names it and
 * holds nothing of it.
 */
const NAME =
  /(?<!:secretsmanager:[\w-]*:\d*:)(?:passwords?(?:_?hash)?|passphrases?|pwd|secrets?(?:[_-]?access[_-]?keys?|[_-]?strings?)?)/;
/** Also within a text of JSON that is itself within one. */
const SEPARATOR = /\\*["']?[\t ]*[=:]+>?[\t ]*/;
/** What opens with a quote or a bracket ends with it, or with the text; anything else ends at a space, a quote or `&`. */
const VALUE = /"(?:[^"\\]|\\[\s\S])*|'(?:[^'\\]|\\[\s\S])*|\\+"[^"]*|\\+'[^']*|\[[^\]]*\]?|[^\s"'&]+/;
/** A secret beside its name: `DB_PASSWORD=…`, `"password": "…"`, `client_secret=…&`, `secret: …`. */
const PAIR = new RegExp(`(${NAME.source}${SEPARATOR.source})(${VALUE.source})`, 'gi');

const cutValue = (_: string, name: string, value: string): string => {
  const [quote = ''] = /^\\*["']/.exec(value) ?? [];
  // A backslash at the end belongs to the quote that follows.
  const [backslashes = ''] = /(?<!\\)\\+$/.exec(value.slice(quote.length)) ?? [];
  return `${name}${quote}${REDACTED}${backslashes}`;
};

/**
 * The text without credentials: what follows `Bearer` and `Basic`, the user of a URL, JSON Web Tokens, API keys beyond their
 * prefix, and what is said to be a password or a secret.
 */
export const redactText = (text: string): string =>
  text
    .replace(BEARER, `Bearer ${REDACTED}`)
    .replace(BASIC, cutBasic)
    .replace(USER_INFO, `://${REDACTED}@`)
    .replace(TOKEN_RUN, (run) => cutToken(cutKey(run)))
    // Last: `secret: Basic …` would end at the space.
    .replace(PAIR, cutValue);
