import 'reflect-metadata';
import { join } from 'node:path';
import { All, Controller, Module, Req } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SmartSessionModule } from '../../../../dist/index.js';
import { answer } from '../app/routes.js';
import { liveSession } from '../app/express-app.js';

const DATABASES = [
  ['PostgreSQL', 'postgresql'],
  ['MySQL', 'mysql'],
  ['MariaDB', 'mariadb'],
  ['SQLite', 'sqlite'],
];

/** This library, on each of its databases and with both kinds of locking. */
export default DATABASES.map(([title, dialect]) => ({
  name: `nestjs-smart-session, ${title}`,
  package: 'nestjs-smart-session',
  link: 'https://github.com/nestjs-smart-session/nestjs-smart-session',
  packages: [`@mikro-orm/${dialect}`, '@nestjs/core', 'express-session'],
  server: dialect,
  rows: {
    '': (at) => openApp(dialect, at, 'optimistic'),
    'with pessimistic locking': (at) => openApp(dialect, at, 'pessimistic'),
  },
}));

async function openApp(dialect, at, locking) {
  // oxlint-disable-next-line typescript/no-extraneous-class -- It is decorated below.
  class AppModule {}
  const options = { connection: connectionOf(dialect, at), secret: 'of the race', createTable: true, locking };
  Module({ imports: [SmartSessionModule.forRoot(dialect, options)], controllers: [raceController()] })(AppModule);
  const app = await NestFactory.create(AppModule, { logger: false, abortOnError: false });
  await app.init();
  return app.getHttpAdapter().getInstance();
}

function connectionOf(dialect, { host, port, user, password, database, directory }) {
  return dialect === 'sqlite' ? { dbName: join(directory, 'smart.sqlite') } : { host, port, user, password, dbName: database };
}

/** The decorators are called as functions, because Node runs this file as it is. */
function raceController() {
  class RaceController {
    handle(request) {
      return answer(request, liveSession(request));
    }
  }
  const { prototype } = RaceController;
  All('*path')(prototype, 'handle', Object.getOwnPropertyDescriptor(prototype, 'handle'));
  Req()(prototype, 'handle', 0);
  Controller()(RaceController);
  return RaceController;
}
