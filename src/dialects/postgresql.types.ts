/** How to read the values of a type, by the number that the type has in PostgreSQL's catalog `pg_type`. */
const PARSERS: Readonly<Record<number, (text: string) => unknown>> = {
  // bool
  16: (text) => text === 't',
  // int4
  23: Number,
  // float8
  701: Number,
};

/** Reads values as the library expects them: others as texts. The app may have set other parsers, for one pool or for all of pg. */
export const PLAIN_TYPES = { getTypeParser: (type: number) => PARSERS[type] ?? String };
