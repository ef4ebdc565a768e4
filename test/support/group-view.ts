import mysql from 'mysql2/promise';
import type { ServerAddress } from '../nemesis/cluster.js';

/** How long a member may take to answer about the group, in ms. A paused one does not answer. */
const PATIENCE = 1000;

const MEMBERS = 'select member_host, member_state, member_role from performance_schema.replication_group_members';
const EXECUTED = 'select @@global.gtid_executed';

/** How a member sees its group. */
export interface GroupView {
  /** By address. */
  readonly states: Readonly<Record<string, string>>;
  /** The addresses of the primaries. */
  readonly primaries: readonly string[];
  /** The transactions that the member has. */
  readonly transactions: string;
}

/** Asks a member how it sees the group. Returns undefined if it does not answer. */
export async function viewOf(address: ServerAddress): Promise<GroupView | undefined> {
  const answers = await ask(address, MEMBERS, EXECUTED);
  if (!answers) return undefined;
  const members = answers[0] as [string, string, string][];
  return {
    states: Object.fromEntries(members.map(([host, state]) => [host, state])),
    primaries: members.filter(([, state, role]) => state === 'ONLINE' && role === 'PRIMARY').map(([host]) => host),
    transactions: (answers[1] as [[string]])[0][0],
  };
}

/** Whether a member has these transactions within the time that it may take to answer. */
export async function hasTransactions(address: ServerAddress, transactions: string): Promise<boolean> {
  const answers = await ask(address, `select wait_for_executed_gtid_set('${transactions}', ${(0.8 * PATIENCE) / 1000})`);
  return (answers as [[[number]]] | undefined)?.[0][0][0] === 0;
}

/** Whether it sees a majority of three members. */
export function seesMajority(view: GroupView | undefined): boolean {
  return Object.values(view?.states ?? {}).filter((state) => state === 'ONLINE').length >= 2;
}

async function ask({ host, port, user }: ServerAddress, ...statements: readonly string[]): Promise<unknown[] | undefined> {
  const connection = await mysql.createConnection({ host, port, user, connectTimeout: PATIENCE }).catch(() => undefined);
  if (!connection) return undefined;
  try {
    const answers: unknown[] = [];
    for (const sql of statements) answers.push((await connection.query({ sql, rowsAsArray: true, timeout: PATIENCE }))[0]);
    return answers;
  } catch {
    return undefined;
  } finally {
    connection.destroy();
  }
}
