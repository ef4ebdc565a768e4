interface Executor {
  executeQuery(query: object): Promise<unknown>;
}

/** MikroORM's options for connections that run a statement first, as a setting of the server's would. */
export function withSetting(sql: string): Record<string, unknown> {
  const query = { sql, parameters: [], query: { kind: 'RawNode', sqlFragments: [sql], parameters: [] }, queryId: { queryId: sql } };
  return { onCreateConnection: (connection: Executor) => connection.executeQuery(query) };
}
