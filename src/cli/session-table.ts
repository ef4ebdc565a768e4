import { escaped } from '../shared/shown-keys.js';
import { textTable } from './text-table.js';

/** The longest text of a device in a table, in characters. JSON has the whole text. */
const LONGEST_DEVICE = 60;

/** A live session in a list. */
export interface ListedSession {
  readonly handle: string;
  /** Null for a session without a user. Undefined if the list is of one user. */
  readonly userId?: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  /** Null or undefined if devices are not stored, or not listed. */
  readonly lastSeenAt?: Date | null;
  readonly userAgent?: string | null;
  readonly ipAddress?: string | null;
  readonly deviceName?: string | null;
  readonly deviceLabel?: string | null;
}

/** Formats sessions as a table. It has a column for the users unless the list is of one user, and columns for devices if they are known. */
export function sessionTable(sessions: readonly ListedSession[]): string {
  const ofAll = sessions.some(({ userId }) => userId !== undefined);
  const haveDevices = sessions.some(({ lastSeenAt }) => lastSeenAt);
  const user = ({ userId }: ListedSession) => (ofAll ? [userId == null ? '-' : escaped(userId)] : []);
  const device = (session: ListedSession) => (haveDevices ? deviceCells(session) : []);
  const rows = sessions.map((session) => {
    const { handle, createdAt, updatedAt, expiresAt } = listed(session);
    return [handle, ...user(session), createdAt, updatedAt, expiresAt, ...device(session)];
  });
  const titles = ['HANDLE', ...(ofAll ? ['USER'] : []), 'CREATED', 'UPDATED', 'EXPIRES', ...(haveDevices ? ['SEEN', 'IP', 'DEVICE'] : [])];
  return textTable([titles, ...rows]);
}

/** Returns a session as JSON has it. The fields of the device are left out if devices are not stored. */
export function listed({ handle, userId, createdAt, updatedAt, expiresAt, lastSeenAt, ...session }: ListedSession) {
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString(), expiresAt: expiresAt.toISOString() };
  const { userAgent = null, ipAddress = null, deviceName = null, deviceLabel = null } = session;
  const device = lastSeenAt ? { lastSeenAt: lastSeenAt.toISOString(), userAgent, ipAddress, deviceName, deviceLabel } : {};
  return { handle, ...(userId === undefined ? {} : { userId }), ...times, ...device };
}

function deviceCells({ lastSeenAt, ipAddress, userAgent, deviceName, deviceLabel }: ListedSession): string[] {
  const device = deviceLabel ?? deviceName ?? userAgent;
  return [lastSeenAt?.toISOString() ?? '-', ipAddress == null ? '-' : escaped(ipAddress), device == null ? '-' : shortened(device)];
}

function shortened(device: string): string {
  const characters = Array.from(device);
  return characters.length > LONGEST_DEVICE ? `${escaped(characters.slice(0, LONGEST_DEVICE).join(''))}…` : escaped(device);
}
