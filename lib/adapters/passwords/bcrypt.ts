import { compare, hash } from 'bcryptjs';
import type { PasswordPort } from '../../application/ports/identity.ts';

/** bcrypt looks at the first 72 bytes only, and says nothing about the rest. */
const MAX_BYTES = 72;

/** NFC: the same password typed on two systems is the same bytes. */
const normalised = (password: string): string => {
  const text = password.normalize('NFC');
  if (Buffer.byteLength(text) > MAX_BYTES) {
    throw new RangeError(`A password of more than ${MAX_BYTES} bytes came as far as bcrypt, which would cut it`);
  }
  return text;
};

/**
 * bcrypt in JavaScript, in pieces of at most 100 ms between which the event loop answers others. One after another: side by
 * side they would be no sooner done (there is one thread), and would hold up the loop for a piece of each in a row. How many
 * may wait is for the use cases to say.
 *
 * @param cost 2^cost rounds
 */
export const createBcryptPasswords = ({ cost = 12 }: { readonly cost?: number } = {}): PasswordPort => {
  // Salt and digest of nothing at all, to be compared with where there is no hash: the same rounds, never equal.
  const dummy = `$2b$${String(cost).padStart(2, '0')}$${'.'.repeat(53)}`;
  let last: Promise<unknown> = Promise.resolve();

  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work);
    last = turn;
    return turn;
  };

  return {
    hash: async (password) => {
      const text = normalised(password);
      return inTurn(() => hash(text, cost));
    },
    matches: async (password, known) => {
      const text = normalised(password);
      const equal = await inTurn(() => compare(text, known ?? dummy));
      return equal && known !== undefined;
    },
  };
};
