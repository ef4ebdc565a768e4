import mysql from 'mysql2/promise';

/** How long a node may take to answer, in ms. A paused one does not answer. */
const PATIENCE = 1000;

/** How a node sees its cluster. */
export interface GaleraStatus {
  /** Whether it runs statements. */
  readonly isReady: boolean;
  /** Whether it has everything that the cluster has committed. */
  readonly isSynced: boolean;
  readonly nodes: number;
  /** The number of the last transaction that it has applied. */
  readonly applied: number;
}

/** Asks a node. Returns undefined if it does not answer. */
export async function galeraStatus({ host, port, user }: { host: string; port: number; user: string }): Promise<GaleraStatus | undefined> {
  const connection = await mysql.createConnection({ host, port, user, connectTimeout: PATIENCE }).catch(() => undefined);
  try {
    const [rows] = (await connection?.query({ sql: "show status like 'wsrep_%'", rowsAsArray: true, timeout: PATIENCE })) ?? [];
    return rows && statusOf(new Map(rows as [string, string][]));
  } catch {
    return undefined;
  } finally {
    connection?.destroy();
  }
}

function statusOf(status: ReadonlyMap<string, string>): GaleraStatus {
  return {
    isReady: status.get('wsrep_ready') === 'ON',
    isSynced: status.get('wsrep_local_state_comment') === 'Synced',
    nodes: Number(status.get('wsrep_cluster_size')),
    applied: Number(status.get('wsrep_last_committed')),
  };
}
