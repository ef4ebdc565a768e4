import { isDeepStrictEqual } from 'node:util';
import { effectOf, resultOf } from './effects.js';
import { isOutsider, type History, type RequestOutcome } from './history.js';
import { isRenewal } from './law.js';
import { RECEIPT, operationOf, type Values } from './operations.js';
import type { AuditEntry } from './simulated-database.js';

/** What one request has in a write, and the values that stand once its effect is there. */
export interface Share {
  readonly actor: string;
  readonly values: Values;
}

/** Who is in each write of the session, in the order of their effects. */
export type Shares = ReadonlyMap<AuditEntry, readonly Share[]>;

const known = new WeakMap<History, Shares>();

/**
 * Who is in each write. In processes of their own each request writes for itself. In one process commits
 * join: then it is who explains every write, each commit used once; a write that nobody explains is taken
 * for that of the request whose commit it was.
 */
export function sharesOf(history: History): Shares {
  const found = known.get(history) ?? (history.scenario.isOneProcess ? explain(history) : undefined) ?? ownShares(history);
  known.set(history, found);
  return found;
}

function writesOf({ audit, key }: History): AuditEntry[] {
  return audit.filter((entry) => entry.key === key && (entry.kind === 'update' || entry.kind === 'insert'));
}

function ownShares(history: History): Shares {
  return new Map(
    writesOf(history).map((entry) => {
      const request = history.requests.find(({ actor }) => actor === entry.actor);
      const effect = request && effectOf(history, request);
      const before = dataOf(entry.before);
      return [entry, [{ actor: entry.actor, values: effect ? effect(before) : before }]];
    }),
  );
}

function explain(history: History): Shares | undefined {
  const commits = new Map(
    history.requests.map((request) => [request, effectOf(history, request) ? (operationOf(request.operation).commits ?? 1) : 0]),
  );
  const shares: [AuditEntry, Share[]][] = [];
  const explainAll = ([entry, ...rest]: AuditEntry[]): boolean => {
    if (!entry) return true;
    return explainOne(entry, dataOf(entry.before), [], () => explainAll(rest));
  };
  const explainOne = (entry: AuditEntry, values: Values, before: Share[], next: () => boolean): boolean => {
    if (before.length > 0 && isDeepStrictEqual(values, dataOf(entry.after))) {
      shares.push([entry, before]);
      if (next()) return true;
      shares.pop();
    }
    return history.requests.some((request) => {
      const left = commits.get(request)!;
      const isApart = isOutsider(history, request.actor) !== isOutsider(history, entry.actor) || isAlone(request, entry);
      if (left === 0 || isApart || before.some(({ actor }) => actor === request.actor) || !mayBeIn(request, entry)) return false;
      const changed = effectOf(history, request)!(values);
      // What changes nothing may have been written by nobody.
      if (isDeepStrictEqual(changed, values) || !isAsTold(history, request, changed)) return false;
      commits.set(request, left - 1);
      if (explainOne(entry, changed, [...before, { actor: request.actor, values: changed }], next)) return true;
      commits.set(request, left);
      return false;
    });
  };
  return explainAll(writesOf(history)) ? new Map(shares) : undefined;
}

/** Whether a write is that of another request alone, or not that of this one: of a transaction of the app. */
function isAlone(request: RequestOutcome, entry: AuditEntry): boolean {
  const writer = isRenewal(entry, RECEIPT) ? dataOf(entry.after)[RECEIPT].by : undefined;
  return writer !== request.actor && (writer !== undefined || operationOf(request.operation).isWhole === true);
}

/** Who was answered well was in no later write, and who came later in no earlier one. */
function mayBeIn({ kind, askedAt, answeredAt }: RequestOutcome, { at }: AuditEntry): boolean {
  return at > askedAt && (kind !== 'ok' || at <= answeredAt);
}

/** Whether a request was given what it made of these values. */
function isAsTold(history: History, request: RequestOutcome, values: Values): boolean {
  const expected = resultOf(history, request);
  return request.kind !== 'ok' || !expected || isDeepStrictEqual(request.result, expected(values));
}

function dataOf(row: { readonly data: string } | undefined): Values {
  return row ? (JSON.parse(row.data) as Values) : {};
}
