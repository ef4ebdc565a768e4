/** Returns a table's name for a statement: quoted, with its schema if one is given. */
export function qualifiedName(quote: (identifier: string) => string, table: string, schema: string | undefined): string {
  return schema ? `${quote(schema)}.${quote(table)}` : quote(table);
}
