import type { MigrationInterface, QueryRunner } from 'typeorm';

export class Products1780000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('create table products (sku text primary key, views int not null default 0)');
    await runner.query("insert into products (sku) values ('tea'), ('mug')");
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('drop table products');
  }
}
