import { readFileSync } from 'node:fs';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The output of: npx smart-session create-table --dialect postgresql */
const SQL = readFileSync(new URL('sessions.sql', import.meta.url), 'utf8');

export class Sessions1780000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SQL);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table sessions, sessions_leases');
  }
}
