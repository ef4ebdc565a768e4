import { fileURLToPath } from 'node:url';
import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { migrate } from 'drizzle-orm/node-postgres/migrator';
import { Pool } from 'pg';

export type Database = NodePgDatabase & { readonly $client: Pool };

export const DATABASE = Symbol('database');

async function openDatabase(): Promise<Database> {
  const database = drizzle(new Pool({ connectionString: process.env.DATABASE_URL }));
  await migrate(database, { migrationsFolder: fileURLToPath(new URL('migrations', import.meta.url)) });
  return database;
}

@Module({ providers: [{ provide: DATABASE, useFactory: openDatabase }], exports: [DATABASE] })
export class DatabaseModule implements OnApplicationShutdown {
  constructor(@Inject(DATABASE) private readonly database: Database) {}

  async onApplicationShutdown(): Promise<void> {
    await this.database.$client.end();
  }
}
