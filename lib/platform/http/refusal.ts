/**
 * A request that is answered with a 4xx. Thrown, because that is how a middleware leaves the stack early and still has
 * the answer logged and given its headers; the error form of the path's group wraps the message.
 */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.name = 'Refusal';
    this.status = status;
    this.headers = headers;
  }
}
