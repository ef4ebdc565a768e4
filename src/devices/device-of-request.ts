import type { IncomingMessage } from 'node:http';
import type { ResolvedDevices } from '../options/devices-option.js';
import { anonymizedIpAddress, fullIpAddress } from './ip-address.js';
import { boundedUserAgent } from './user-agent.js';

/** A device as a request shows it. */
export interface Device {
  readonly userAgent: string | null;
  readonly ipAddress: string | null;
}

/** A request of Node. Express, and Fastify's middleware, add the client's address by the proxies that they trust. */
type DeviceRequest = Pick<IncomingMessage, 'headers' | 'socket'> & { readonly ip?: unknown };

/** Returns the device of a request, with the parts that the option `devices` asks for. */
export function deviceOf(request: Partial<DeviceRequest>, { ip }: ResolvedDevices): Device {
  const address = request.ip ?? request.socket?.remoteAddress;
  const shown = { full: fullIpAddress, anonymized: anonymizedIpAddress };
  return {
    userAgent: boundedUserAgent(request.headers?.['user-agent']),
    ipAddress: ip === undefined ? null : shown[ip](address),
  };
}
