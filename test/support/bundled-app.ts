// An app that is bundled into one file. It prints the dialects of its sessions, on their own database and on the app's MikroORM.
import 'reflect-metadata';
import { MikroORM } from '@mikro-orm/core';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SqliteDriver } from '@mikro-orm/sqlite';
import { DatabaseContext, SessionService, SmartSessionModule, type SmartSessionModuleOptions } from '../../src/index.js';

const SQLITE = { dbName: ':memory:' };

async function dialectWith(options: SmartSessionModuleOptions, imports: DynamicModule[] = []): Promise<string> {
  @Module({ imports: [...imports, SmartSessionModule.forRoot({ secret: 'bundled', createTable: true, ...options })] })
  class AppModule {}
  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['error'], abortOnError: false });
  const { dialect } = app.get(DatabaseContext, { strict: false });
  const live = await app.get(SessionService, { strict: false }).count();
  await app.close();
  return `${dialect.name} ${live}`;
}

async function ofApp(): Promise<string> {
  const orm = await MikroORM.init({ ...SQLITE, driver: SqliteDriver, entities: [], discovery: { warnWhenNoEntities: false } } as never);
  @Module({})
  class OrmModule {}
  const provided = { module: OrmModule, global: true, providers: [{ provide: MikroORM, useValue: orm }], exports: [MikroORM] };
  return dialectWith({}, [provided]).finally(() => orm.close());
}

console.log(
  JSON.stringify({ own: await dialectWith({ dialect: 'sqlite', connection: SQLITE }), ofApp: await ofApp(), driver: SqliteDriver.name }),
);
