/** One key for the addresses that one caller has at hand, for limits by address. */

const IPV4_TAIL = /(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/;
const GROUP = /^[0-9a-f]{1,4}$/;

const hexByte = (text: string): string => Number(text).toString(16).padStart(2, '0');

/** `…:1.2.3.4` as `…:0102:0304`. A part above 255, or anything before the first, makes a group too long to be one. */
const withoutIpv4 = (text: string): string =>
  text.replace(
    IPV4_TAIL,
    (_, a: string, b: string, c: string, d: string) => `${hexByte(a)}${hexByte(b)}:${hexByte(c)}${hexByte(d)}`,
  );

const groupsOf = (text: string): readonly string[] | undefined => {
  const groups = text === '' ? [] : text.split(':');
  return groups.every((group) => GROUP.test(group))
    ? groups.map((group) => Number.parseInt(group, 16).toString(16))
    : undefined;
};

/** The eight groups of an IPv6 address, each without leading zeros; undefined when it is none. */
const parseIpv6 = (text: string): readonly string[] | undefined => {
  const address = withoutIpv4(text.toLowerCase().replace(/%.*/s, ''));
  const [left = '', right, ...more] = address.split('::');
  const head = groupsOf(left);
  const tail = groupsOf(right ?? '');
  if (head === undefined || tail === undefined || more.length > 0) {
    return undefined;
  }
  if (right === undefined) {
    return head.length === 8 ? head : undefined;
  }
  const gap = 8 - head.length - tail.length;
  return gap < 1 ? undefined : [...head, ...Array<string>(gap).fill('0'), ...tail];
};

const MAPPED = ['0', '0', '0', '0', '0', 'ffff'];

/**
 * An IPv4 address is its own key. Of an IPv6 address it is the /64, which is the least that one customer is given and in which
 * they may take any address they like. Text that is no address is its own key.
 */
export const addressKey = (ip: string): string => {
  const groups = parseIpv6(ip);
  if (groups === undefined) {
    return ip;
  }
  if (MAPPED.every((group, i) => groups[i] === group)) {
    return groups
      .slice(6)
      .map((group) => Number.parseInt(group, 16))
      .flatMap((group) => [Math.floor(group / 256), group % 256])
      .join('.');
  }
  return `${groups.slice(0, 4).join(':')}::/64`;
};
