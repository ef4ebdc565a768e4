/** A setting of the database, and the values that keep sessions safe. */
export interface Requirement {
  /** The setting's name, which is also the name of its column. */
  readonly name: string;
  /** Whether sessions are safe with a value. */
  isMet(value: string): boolean;
  /** The harm of another value, as words that follow "so that". */
  readonly harm: string;
  /** The remedy, as sentences. */
  readonly advice: string;
}

/**
 * Requirements, and the statement that returns their values as one row. A null means that there is no value, and meets every
 * requirement.
 */
export interface Requirements {
  readonly sql: string;
  readonly each: readonly Requirement[];
}
