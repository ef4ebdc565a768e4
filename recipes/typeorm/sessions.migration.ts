import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The output of: npx smart-session create-table --dialect postgresql */
const STATEMENTS = [
  'create table "sessions" (session_id varchar(255) not null, data text not null, lock_version int not null default 0, commit_id varchar(36) null, user_id varchar(255) null, max_age bigint null, lease_id varchar(36) null, lease_expires_at timestamptz(3) null, created_at timestamptz(3) not null, updated_at timestamptz(3) not null, expires_at timestamptz(3) not null, cookie_attributes text null, user_agent text null, ip_address text null, device_label text null, last_seen_at timestamptz(3) null, watched_until timestamptz(3) null, primary key (session_id)) with (fillfactor = 70)',
  'create index "sessions_user_id_index" on "sessions" (user_id)',
  'create index "sessions_expires_at_index" on "sessions" (expires_at)',
  'create table if not exists "sessions_leases" (session_id varchar(255) not null, name varchar(255) not null, lease_id varchar(36) not null, expires_at timestamptz(3) not null, primary key (session_id, name))',
];

export class Sessions1780000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    for (const statement of STATEMENTS) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sessions, sessions_leases');
  }
}
