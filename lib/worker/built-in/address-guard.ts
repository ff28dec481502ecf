/**
 * Which addresses a run may reach. Whoever may submit a task chooses the URL, and the worker often sits where metadata
 * services and internal consoles are one request away: only public addresses, unless a network was allowed by name.
 */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ReturnType<typeof ipaddr.process>;
export type Network = readonly [Address, number];

/** Says why the address is refused, or undefined when it may be reached. */
export type AddressGuard = (address: string) => string | undefined;

/** `10.0.0.0/8`, `fd00::/8` or a single address; undefined for anything else. */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', bits] = text.split('/', 2);
  const version = isIP(address);
  // `10/8` would be read as 0.0.0.10/8: only addresses written in full are taken.
  if (version === 0 || (bits !== undefined && !ipaddr.isValidCIDR(text))) return undefined;
  return [ipaddr.parse(address), bits === undefined ? (version === 4 ? 32 : 128) : Number(bits)];
}

export function createAddressGuard(allowed: readonly Network[]): AddressGuard {
  return (text) => {
    if (!ipaddr.isValid(text)) return 'not an IP address';
    // An IPv4 address is judged as such in each of its IPv6 disguises.
    const address = unwrap(ipaddr.process(text));
    if (allowed.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits)))
      return undefined;
    const range = rangeOf(address);
    return range === 'unicast' ? undefined : `${address.toString()} is ${RANGE_WORDS[range] ?? range}`;
  };
}

/** Well-known NAT64 prefix (RFC 6052): in a network without IPv4, public IPv4 hosts are reached through it. */
const NAT64 = ipaddr.parseCIDR('64:ff9b::/96');
/** IPv4-compatible addresses (RFC 4291, deprecated): `::127.0.0.1`. */
const IPV4_COMPATIBLE = ipaddr.parseCIDR('::/96');

function unwrap(address: Address): Address {
  if (address.kind() === 'ipv4' || !address.match(NAT64[0], NAT64[1])) return address;
  return ipaddr.fromByteArray(address.toByteArray().slice(12));
}

function rangeOf(address: Address): string {
  const range = address.range();
  const compatible = address.kind() === 'ipv6' && address.match(IPV4_COMPATIBLE[0], IPV4_COMPATIBLE[1]);
  return range === 'unicast' && compatible ? 'reserved' : range;
}

const RANGE_WORDS: Readonly<Record<string, string>> = {
  loopback: 'a loopback address',
  linkLocal: 'a link-local address',
  private: 'a private address',
  uniqueLocal: 'a unique-local address',
  carrierGradeNat: 'a carrier-grade NAT address',
  multicast: 'a multicast address',
  broadcast: 'the broadcast address',
  unspecified: 'an unspecified address',
  reserved: 'a reserved address',
};
