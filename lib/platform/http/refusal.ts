/**
 * A request that is answered with a 4xx or 503. Thrown, because that is how a middleware leaves the stack early and still
 * has the answer logged and given its headers; the error form of the path's group wraps the message.
 */
import type { AuthCode, RefusalWords } from '../../contracts/http/errors.ts';

/** A common refusal is put in the words of the path's form, which who refuses need not know. */
type Message = string | ((words: RefusalWords) => string);

export class Refusal extends Error {
  readonly status: number;
  readonly say: (words: RefusalWords) => string;
  readonly headers: Readonly<Record<string, string>>;
  readonly code: AuthCode | undefined;

  /** @param code why who calls was not let in, where that is the reason */
  constructor(status: number, message: Message, headers: Readonly<Record<string, string>> = {}, code?: AuthCode) {
    super(`Refused with ${status}`);
    this.name = 'Refusal';
    this.status = status;
    this.say = typeof message === 'string' ? () => message : message;
    this.headers = headers;
    this.code = code;
  }
}
