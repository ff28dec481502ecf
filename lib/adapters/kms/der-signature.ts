/** Bytes of `r` and of `s` for P-256. */
const WIDTH = 32;
const SEQUENCE = 0x30;
const INTEGER = 0x02;

const malformed = (why: string): Error => new Error(`This is no DER signature of P-256: ${why}`);

/** One DER INTEGER at `at`, as 32 bytes. */
const readInteger = (der: Uint8Array, at: number): { readonly value: Uint8Array; readonly end: number } => {
  const length = der[at + 1] ?? 0;
  const end = at + 2 + length;
  const digits = der.subarray(at + 2, end);
  const [first = 0, second = 0] = digits;
  if (der[at] !== INTEGER || length === 0) {
    throw malformed(`no whole number at byte ${at}`);
  }
  if (first >= 0x80) {
    throw malformed(`a negative number at byte ${at}`);
  }
  // DER puts one zero before a number whose first bit is set, else none: any other zero is another spelling of the same.
  if (first === 0 && second < 0x80) {
    throw malformed(`a needless zero, or nothing but zero, at byte ${at}`);
  }
  const bare = first === 0 ? digits.subarray(1) : digits;
  if (bare.length > WIDTH) {
    throw malformed(`a number of ${bare.length} bytes at byte ${at}`);
  }
  const value = new Uint8Array(WIDTH);
  value.set(bare, WIDTH - bare.length);
  return { value, end };
};

/**
 * `SEQUENCE { r INTEGER, s INTEGER }` (what KMS answers) as `r || s` (what a JWS holds: RFC 7518 §3.4), 64 bytes.
 * Strict: whatever has another spelling than the one that DER allows is refused.
 */
export const toRawSignature = (der: Uint8Array): Uint8Array => {
  // Two numbers of at most 33 bytes make at most 70: the length is always the short form, one byte.
  if (der[0] !== SEQUENCE || der[1] !== der.length - 2) {
    throw malformed('no sequence of exactly its length');
  }
  const r = readInteger(der, 2);
  const s = readInteger(der, r.end);
  if (s.end !== der.length) {
    throw malformed('it does not end where its second number does');
  }
  const raw = new Uint8Array(2 * WIDTH);
  raw.set(r.value);
  raw.set(s.value, WIDTH);
  return raw;
};
