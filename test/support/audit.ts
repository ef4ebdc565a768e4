import type { DialectName } from '../../src/index.js';
import type { RunStatement } from '../../src/dialects/run-statement.js';

/** Triggers that record the commit id of each new version, so that the history of the table is known, not inferred. */
const TRIGGERS: Readonly<Record<'postgresql' | 'mariadb' | 'sqlite', readonly string[]>> = {
  postgresql: [
    'create table audit (seq bigserial primary key, session_id text, version int, commit_id text)',
    "create function audit() returns trigger language plpgsql as 'begin insert into audit (session_id, version, commit_id) values (new.session_id, new.lock_version, new.commit_id); return null; end'",
    'create trigger audit_update after update of data on sessions for each row when (old.lock_version <> new.lock_version) execute function audit()',
  ],
  mariadb: [
    'create table audit (seq bigint auto_increment primary key, session_id varchar(64), version int, commit_id varchar(36))',
    'create trigger audit_update after update on sessions for each row insert into audit (session_id, version, commit_id) ' +
      'select new.session_id, new.lock_version, new.commit_id from dual where old.lock_version <> new.lock_version',
  ],
  sqlite: [
    'create table audit (seq integer primary key, session_id text, version integer, commit_id text)',
    'create trigger audit_update after update on sessions when old.lock_version <> new.lock_version ' +
      'begin insert into audit (session_id, version, commit_id) values (new.session_id, new.lock_version, new.commit_id); end',
  ],
};

/** Starts the audit of the sessions table. */
export async function startAudit(dialect: DialectName, run: RunStatement): Promise<void> {
  for (const statement of TRIGGERS[dialect as keyof typeof TRIGGERS]) await run(statement);
}

/** Returns the number of commits that took effect more than once, plus the number of versions written twice. */
export async function appliedTwice(run: RunStatement): Promise<number> {
  const twice = async (columns: string) => {
    const { rows } = await run(
      `select count(*) as twice from (select ${columns} from audit group by ${columns} having count(*) > 1) as found`,
    );
    return Number(rows[0]?.twice);
  };
  return (await twice('commit_id')) + (await twice('session_id, version'));
}
