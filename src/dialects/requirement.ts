/** What a setting of the database must be, so that sessions are kept as they are promised. */
export interface Requirement {
  /** The setting's name, and the column of its value. */
  readonly name: string;
  /** Whether sessions are safe with a value. */
  isMet(value: string): boolean;
  /** What would happen otherwise, after "so that". */
  readonly harm: string;
  /** What to do, as sentences. */
  readonly advice: string;
}

/** Requirements, and the statement that gives their values as one row. A null is no value, and meets all. */
export interface Requirements {
  readonly sql: string;
  readonly each: readonly Requirement[];
}
