// Two apps in one process on one table: one with the ES module, one with the CommonJS build, whose path is the first argument.
import 'reflect-metadata';
import { createRequire } from 'node:module';
import { Controller, Get, Module, Param, Post, Session } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import * as esm from '../../src/index.js';

const cjs = createRequire(import.meta.url)(process.argv[2]!) as typeof esm;
const dbName = process.argv[3]!;

@Controller()
class KeysController {
  @Post(':key') set(@Session() session: Record<string, unknown>, @Param('key') key: string): void {
    session[key] = 1;
  }
  @Get() keys(@Session() session: object): string[] {
    return Object.keys(session).filter((key) => key !== 'cookie');
  }
  /** In one of the two apps, the decorator and the module come from different builds. */
  @Post('refused/:key') @cjs.ReadOnlySession() refused(@Session() session: Record<string, unknown>): void {
    session[`refused${process.hrtime.bigint()}`] = 1;
  }
}

async function start({ SmartSessionModule }: typeof esm) {
  @Module({
    imports: [SmartSessionModule.forRoot('sqlite', { secret: 'both', createTable: true, connection: { dbName }, serializer: 'rich' })],
    controllers: [KeysController],
  })
  class AppModule {}
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  return { app, url: await app.getUrl() };
}

const apps = [await start(esm), await start(cjs)];
const first = await fetch(`${apps[0]!.url}/first`, { method: 'POST' });
const headers = { cookie: first.headers.getSetCookie()[0]!.split(';')[0]! };
const post = (url: string) => fetch(url, { method: 'POST', headers });
await Promise.all(Array.from({ length: 20 }, (_, n) => post(`${apps[n % 2]!.url}/key${n}`)));
const kept = await Promise.all(apps.map(async ({ url }) => ((await (await fetch(url, { headers })).json()) as string[]).length));
const refused = await Promise.all(apps.map(async ({ url }) => (await post(`${url}/refused/x`)).status));
for (const { app } of apps) await app.close();
const exported = [esm, cjs].map((build) =>
  Object.keys(build)
    .filter((name) => name !== 'default')
    .toSorted(),
);
console.log(
  JSON.stringify({ kept, refused, exported, isOne: esm.SessionService === cjs.SessionService, isDeletedOne: esm.DELETED === cjs.DELETED }),
);
