import type { AuditEntry, HistoryRequest, Values } from './history-request.js';

/** The values that a row held for a while. */
export interface Version {
  /** Undefined when there was no row. */
  readonly values: Values | undefined;
  readonly number: number | undefined;
  readonly commitId: string | undefined;
}

/** One session: the versions of its row in order, which the audit knows, and the requests on it. */
export class SessionHistory {
  readonly versions: readonly Version[];
  readonly #indicesOf = new Map<string, { readonly first: number; readonly last: number }>();
  readonly #putAt = new Map<string, number>();

  /**
   * @param requests those whose changes are for this session
   * @param endings those that may have ended it
   */
  constructor(
    readonly key: string,
    audit: readonly AuditEntry[],
    readonly requests: readonly HistoryRequest[],
    readonly endings: readonly HistoryRequest[],
  ) {
    // A write that only extends the expiry is no version.
    const isNew = (entry: AuditEntry, n: number) => entry.data !== audit[n - 1]?.data || entry.version !== audit[n - 1]?.version;
    this.versions = audit
      .filter(isNew)
      .map(({ data, version, commitId }) => ({ values: data === undefined ? undefined : valuesOf(data), number: version, commitId }));
    for (const [index, { values }] of this.versions.entries()) {
      if (!values) continue;
      const text = canonical(values);
      this.#indicesOf.set(text, { first: this.#indicesOf.get(text)?.first ?? index, last: index });
      for (const [name, value] of Object.entries(values)) {
        if (!this.#putAt.has(`${name}=${value}`)) this.#putAt.set(`${name}=${value}`, index);
      }
    }
  }

  /** The first and the last version that were what a request has seen; undefined when none was. */
  indicesOf(seen: Values): { readonly first: number; readonly last: number } | undefined {
    return this.#indicesOf.get(canonical(seen));
  }

  /** The version in which a key was first set to a value; undefined when there is none. */
  indexOfPut(key: string, value: string | number): number | undefined {
    return this.#putAt.get(`${key}=${value}`);
  }

  /** The version in which a request's puts first show; undefined when they never do. */
  indexOfPuts({ puts }: HistoryRequest): number | undefined {
    const found = Object.entries(puts)
      .map(([key, value]) => this.indexOfPut(key, value))
      .filter((index) => index !== undefined);
    return found.length === 0 ? undefined : Math.min(...found);
  }

  /** Whether the session may have ended before a moment. */
  mayHaveEndedBefore(moment: number): boolean {
    return this.endings.some(({ startedAt }) => startedAt < moment);
  }

  /** When somebody was first told that the session has ended; undefined when nobody was. */
  get endedAt(): number | undefined {
    const told = this.endings.filter(({ outcome }) => outcome === 'ok').map(({ endedAt }) => endedAt);
    return told.length === 0 ? undefined : Math.min(...told);
  }

  /** The last values; undefined when there is no row. */
  get final(): Values | undefined {
    return this.versions.at(-1)?.values;
  }
}

/** A row's values, without the cookie that other stores keep among them. */
export function valuesOf(data: string): Values {
  const { cookie: _, ...values } = JSON.parse(data) as Record<string, string | number>;
  return values;
}

/** The same text for the same values. */
export function canonical(values: Values): string {
  return JSON.stringify(Object.entries(values).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
