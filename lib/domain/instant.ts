/** Instants as people and wires write them: RFC 3339 in, the same in UTC out; epoch milliseconds inside. */

const RFC_3339 = /^(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d+))?(?:[Zz]|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * Strict: the zone is required, and a date that the calendar lacks, hour 24 and second 60 are refused (a scheduler could
 * only guess which instant is meant). A fraction may have any length; what is finer than a millisecond is cut.
 *
 * @returns epoch milliseconds, or nothing when the text is no instant
 */
export const parseInstant = (text: string): number | undefined => {
  const [, date, time, fraction = '', sign, hours, minutes] = RFC_3339.exec(text) ?? [];
  const wallClockMs = Date.parse(`${date}T${time}Z`);
  // Date.parse turns 30 February into 1 March and 24:00 into the next day; printing it again shows that.
  if (Number.isNaN(wallClockMs) || new Date(wallClockMs).toISOString() !== `${date}T${time}.000Z`) {
    return undefined;
  }
  const offsetMs = sign === undefined ? 0 : Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return wallClockMs - offsetMs + Number(fraction.slice(0, 3).padEnd(3, '0'));
};

/** UTC with `Z`; milliseconds only where they are not zero, so that whole seconds read as the API's document prints them. */
export const formatInstant = (epochMs: number): string => new Date(epochMs).toISOString().replace('.000Z', 'Z');
