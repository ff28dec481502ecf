/** Who, and what happened to him. Made only when somebody listens. */
export type Line = readonly [who: string, what: string];
export type Say = (line: () => Line) => void;

const two = (value: number): string => String(value).padStart(2, '0');

/** `+1d 02:03:04.567`, from the beginning of the world. */
const elapsed = (ms: number): string => {
  const [days, rest] = [Math.floor(ms / 86_400_000), ms % 86_400_000];
  const clock = [rest / 3_600_000, (rest / 60_000) % 60, (rest / 1_000) % 60]
    .map((part) => two(Math.floor(part)))
    .join(':');
  return `+${days === 0 ? '' : `${days}d `}${clock}.${String(Math.floor(rest % 1_000)).padStart(3, '0')}`;
};

export const createTrace = (write: ((line: string) => void) | undefined, now: () => number): Say => {
  const start = now();
  return write === undefined
    ? () => undefined
    : (line) => {
        const [who, what] = line();
        write(`${elapsed(now() - start)}  ${who.padEnd(12)} ${what}`);
      };
};
