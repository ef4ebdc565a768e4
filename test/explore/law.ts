import { isDeepStrictEqual } from 'node:util';
import type { History } from './history.js';
import type { Values } from './operations.js';
import type { AuditEntry, Row } from './simulated-database.js';

/** Says what is wrong with a history; undefined when nothing is. */
export type Law = (history: History) => string | undefined;

/** The first of all answers; undefined if there is none. */
export function first<Item>(items: Iterable<Item>, check: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const wrong = check(item);
    if (wrong) return wrong;
  }
  return undefined;
}

/** A value, for a message. */
export function show(value: unknown): string {
  return JSON.stringify(value);
}

/** The values that a row holds; none if there is no row. */
export function valuesOf(row: Row | undefined): Values {
  return row ? (JSON.parse(row.data) as Values) : {};
}

/** The writes of a session that have renewed a value. */
export function renewalsOf(history: History, value: string): AuditEntry[] {
  return history.audit.filter((entry) => entry.key === history.key && isRenewal(entry, value));
}

/** Whether a write has renewed a value. */
export function isRenewal({ before, after }: AuditEntry, value: string): boolean {
  return after !== undefined && !isDeepStrictEqual(valuesOf(before)[value], valuesOf(after)[value]);
}
