import type { UserSession } from '../services/session.service.js';
import { textTable } from './text-table.js';

/** The part of a session that is listed: the command line has no current session. */
export type ListedSession = Omit<UserSession, 'isCurrent'>;

/** Formats sessions as a table. */
export function sessionTable(sessions: readonly ListedSession[]): string {
  const rows = sessions.map(listed).map(({ handle, createdAt, updatedAt, expiresAt }) => [handle, createdAt, updatedAt, expiresAt]);
  return textTable([['HANDLE', 'CREATED', 'UPDATED', 'EXPIRES'], ...rows]);
}

/** Returns a session as JSON has it. */
export function listed({ handle, createdAt, updatedAt, expiresAt }: ListedSession) {
  return { handle, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString(), expiresAt: expiresAt.toISOString() };
}
