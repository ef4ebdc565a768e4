import { isFunction, isObject } from './option-checks.js';

/** How much of an IP address is stored. */
export type StoredIp = 'full' | 'anonymized';

/** The facts about the device of a login that are stored besides its user agent. */
export interface DevicesOptions {
  /**
   * Stores the IP address of the login: whole, or `anonymized` to its network: /24 of IPv4, /48 of IPv6. Default: not stored.
   */
  readonly ip?: StoredIp;
  /**
   * Returns a name for a user agent, such as "Firefox on Linux", or undefined. `list` returns it as `deviceName`. It is called when sessions
   * are listed, so it also names earlier logins. Nothing more is stored. Default: none.
   */
  readonly describe?: DescribeUserAgent;
}

/** A function that returns a name for a user agent. */
export type DescribeUserAgent = (userAgent: string) => string | undefined;

/** The option `devices`: on or off, or on with more than the user agent. */
export type DevicesOption = boolean | DevicesOptions;

/** The option `devices` as the library uses it. */
export interface ResolvedDevices {
  /** Undefined if no address is stored. */
  readonly ip: StoredIp | undefined;
  /** Undefined if user agents get no name. */
  readonly describe: DescribeUserAgent | undefined;
}

const STORED: ReadonlySet<unknown> = new Set(['full', 'anonymized', undefined]);

/** Whether a value is right for the option `devices`. */
export function isDevicesOption(given: unknown): given is DevicesOption {
  if (typeof given === 'boolean') return true;
  if (!isObject(given) || Array.isArray(given)) return false;
  const { ip, describe, ...others } = given;
  return STORED.has(ip) && (describe === undefined || isFunction(describe)) && Object.keys(others).length === 0;
}

/** Returns undefined if nothing is stored about devices. */
export function resolveDevices(given: DevicesOption): ResolvedDevices | undefined {
  if (given === false) return undefined;
  const { ip, describe }: DevicesOptions = given === true ? {} : given;
  return Object.freeze({ ip, describe });
}
