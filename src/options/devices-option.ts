import { isObject } from './option-checks.js';

/** How much of an IP address is stored. */
export type StoredIp = 'full' | 'anonymized';

/** The facts about the device of a login that are stored besides its user agent. */
export interface DevicesOptions {
  /**
   * Stores the IP address of the login: whole, or `anonymized` to its network: /24 of IPv4, /48 of IPv6. Default: not stored.
   */
  readonly ip?: StoredIp;
}

/** The option `devices`: on or off, or on with more than the user agent. */
export type DevicesOption = boolean | DevicesOptions;

/** The option `devices` as the library uses it. */
export interface ResolvedDevices {
  /** Undefined if no address is stored. */
  readonly ip: StoredIp | undefined;
}

const STORED: ReadonlySet<unknown> = new Set(['full', 'anonymized', undefined]);

/** Whether a value is right for the option `devices`. */
export function isDevicesOption(given: unknown): given is DevicesOption {
  if (typeof given === 'boolean') return true;
  return isObject(given) && !Array.isArray(given) && Object.keys(given).every((key) => key === 'ip') && STORED.has(given.ip);
}

/** Returns undefined if nothing is stored about devices. */
export function resolveDevices(given: DevicesOption): ResolvedDevices | undefined {
  if (given === false) return undefined;
  return Object.freeze({ ip: given === true ? undefined : given.ip });
}
