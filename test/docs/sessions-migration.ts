import { Migration } from '@mikro-orm/migrations';

export class AddSessions extends Migration {
  override async up(): Promise<void> {
    // createTable has already made the table.
    const found = await this.execute(
      "select 1 from information_schema.tables where table_schema = current_schema() and table_name = 'sessions'",
    );
    if (found.length > 0) return;
    this.addSql(
      `create table "sessions" ("session_id" varchar(255) not null, "data" text not null, "lock_version" int not null default 0, "commit_id" varchar(36) null, "user_id" varchar(255) null, "max_age" bigint null, "lease_id" varchar(36) null, "lease_expires_at" timestamptz(3) null, "created_at" timestamptz(3) not null, "updated_at" timestamptz(3) not null, "expires_at" timestamptz(3) not null, "cookie_attributes" text null, "user_agent" text null, "ip_address" text null, "device_label" text null, "last_seen_at" timestamptz(3) null, "watched_until" timestamptz(3) null, primary key ("session_id"));`,
    );
    this.addSql(`create index "sessions_user_id_index" on "sessions" ("user_id");`);
    this.addSql(`create index "sessions_expires_at_index" on "sessions" ("expires_at");`);
    this.addSql(
      `create table "sessions_leases" ("session_id" varchar(255) not null, "name" varchar(255) not null, "lease_id" varchar(36) not null, "expires_at" timestamptz(3) not null, primary key ("session_id", "name"));`,
    );
  }
}
