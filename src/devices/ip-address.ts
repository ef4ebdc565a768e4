import { isIP, isIPv4 } from 'node:net';

/** An IPv4 address inside an IPv6 one, as a dual-stack server sees it. The URL parser writes it in hexadecimal. */
const MAPPED = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/;

/** The first group of a 6to4 address. The two groups after it are the IPv4 address of its user. */
const SIX_TO_FOUR = 0x2002;

/** An address with a port, as some proxies add it to `X-Forwarded-For`: `203.0.113.7:4711`, `[2001:db8::7]:4711`. */
const WITH_PORT = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/;

/**
 * Returns an IP address in its usual form: IPv6 in lower case and shortened, without a zone; IPv4 also if it was mapped into IPv6. A port is left
 * out.
 *
 * @returns null if the text is no IP address, such as a forged `X-Forwarded-For`
 */
export function fullIpAddress(given: unknown): string | null {
  if (typeof given !== 'string') return null;
  const [, ipv6, ipv4] = WITH_PORT.exec(given) ?? [];
  const [address = ''] = (ipv6 ?? ipv4 ?? given).split('%');
  if (isIPv4(address)) return address;
  if (isIP(address) === 0) return null;
  const shortened = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [, high, low] = MAPPED.exec(shortened) ?? [];
  return high === undefined || low === undefined ? shortened : ipv4Of(high, low);
}

/**
 * Returns the network of an IP address: the first 24 bits of IPv4, the first 48 bits of IPv6. Of a 6to4 address it keeps 40 bits,
 * because 48 bits would contain the whole IPv4 address.
 *
 * @returns null if the text is no IP address
 */
export function anonymizedIpAddress(given: unknown): string | null {
  const address = fullIpAddress(given);
  if (address === null) return null;
  if (isIPv4(address)) return `${address.slice(0, address.lastIndexOf('.'))}.0`;
  const [first, second, third] = groupsOf(address) as [number, number, number];
  const kept = [first, second, first === SIX_TO_FOUR ? third & 0xff00 : third];
  return fullIpAddress(`${kept.map((group) => group.toString(16)).join(':')}::`);
}

function ipv4Of(high: string, low: string): string {
  return [high, low]
    .map((group) => Number.parseInt(group, 16))
    .flatMap((group) => [group >> 8, group & 0xff])
    .join('.');
}

/** Returns the eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  const [head, tail] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = Array<string>(8 - head!.length - (tail?.length ?? 0)).fill('0');
  return [...head!, ...zeros, ...(tail ?? [])].map((group) => Number.parseInt(group, 16));
}
