interface Executor {
  executeQuery(query: object): Promise<unknown>;
}

/** Returns MikroORM's options for connections that run a statement first. It has the effect of a server setting. */
export function withSetting(sql: string): Record<string, unknown> {
  const query = { sql, parameters: [], query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] }, queryId: { queryId: sql } };
  return { onCreateConnection: (connection: Executor) => connection.executeQuery(query) };
}
