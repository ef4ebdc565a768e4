import { fileURLToPath } from 'node:url';
import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import SqliteFile from 'better-sqlite3';
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';
import { migrate } from 'drizzle-orm/better-sqlite3/migrator';

export type Database = BetterSQLite3Database & { readonly $client: SqliteFile.Database };

export const DATABASE = Symbol('database');

function openDatabase(): Database {
  const file = new SqliteFile(process.env.SQLITE_FILE);
  // Readers and the writer do not wait for each other.
  file.pragma('journal_mode = wal');
  const database = drizzle(file);
  migrate(database, { migrationsFolder: fileURLToPath(new URL('migrations', import.meta.url)) });
  return database;
}

@Module({ providers: [{ provide: DATABASE, useFactory: openDatabase }], exports: [DATABASE] })
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(DATABASE) private readonly database: Database) {}

  onApplicationShutdown(): void {
    this.database.$client.close();
  }
}
