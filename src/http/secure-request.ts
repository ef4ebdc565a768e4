import type { IncomingMessage } from 'node:http';

/** Fastify tells Node's request only the protocol, by its option `trustProxy`. */
type Told = IncomingMessage & { secure?: boolean; readonly protocol?: string };

/** Sets `secure` as Express does, because express-session sends a secure cookie only then. */
export function markSecure(request: IncomingMessage): void {
  const told = request as Told;
  if (told.secure === undefined && told.protocol === 'https') told.secure = true;
}
