import { escaped } from '../shared/shown-keys.js';
import { textTable } from './text-table.js';

/** A live session in a list. */
export interface ListedSession {
  readonly handle: string;
  /** Null for a session without a user. Undefined if the list is of one user. */
  readonly userId?: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
}

/** Formats sessions as a table. It has a column for the users unless the list is of one user. */
export function sessionTable(sessions: readonly ListedSession[]): string {
  const ofAll = sessions.some(({ userId }) => userId !== undefined);
  const user = ({ userId }: ListedSession) => (ofAll ? [userId == null ? '-' : escaped(userId)] : []);
  const rows = sessions.map((session) => {
    const { handle, createdAt, updatedAt, expiresAt } = listed(session);
    return [handle, ...user(session), createdAt, updatedAt, expiresAt];
  });
  return textTable([['HANDLE', ...(ofAll ? ['USER'] : []), 'CREATED', 'UPDATED', 'EXPIRES'], ...rows]);
}

/** Returns a session as JSON has it. */
export function listed({ handle, userId, createdAt, updatedAt, expiresAt }: ListedSession) {
  const times = { createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString(), expiresAt: expiresAt.toISOString() };
  return { handle, ...(userId === undefined ? {} : { userId }), ...times };
}
