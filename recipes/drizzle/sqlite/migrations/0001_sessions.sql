create table if not exists "sessions" (session_id text not null, data text not null, lock_version integer not null default 0, commit_id text null, user_id text null, max_age bigint null, lease_id text null, lease_expires_at datetime null, created_at datetime not null, updated_at datetime not null, expires_at datetime not null, cookie_attributes text null, user_agent text null, ip_address text null, device_label text null, last_seen_at datetime null, watched_until datetime null, primary key (session_id));
--> statement-breakpoint
create index if not exists "sessions_user_id_index" on "sessions" (user_id);
--> statement-breakpoint
create index if not exists "sessions_expires_at_index" on "sessions" (expires_at);
--> statement-breakpoint
create table if not exists "sessions_leases" (session_id text not null, name text not null, lease_id text not null, expires_at datetime not null, primary key (session_id, name));
