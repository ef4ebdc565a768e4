/** A setting of the database, and the values with which sessions keep the guarantees. */
export interface Requirement {
  /** The setting's name, and the column of its value. */
  readonly name: string;
  /** Whether sessions are safe with a value. */
  isMet(value: string): boolean;
  /** The harm of another value, as words that follow "so that". */
  readonly harm: string;
  /** The remedy, as sentences. */
  readonly advice: string;
}

/** Requirements, and the statement that gives their values as one row. A null is no value, and meets all. */
export interface Requirements {
  readonly sql: string;
  readonly each: readonly Requirement[];
}
