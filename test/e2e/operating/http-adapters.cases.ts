import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { Test } from '@nestjs/testing';
import { DatabaseContext, SessionService, SmartSessionModule, type SmartSessionModuleOptions } from '../../../src/index.js';
import { TestController } from '../../support/test-app.js';
import { Browser } from '../../support/browser.js';
import { protocolOf } from '../../support/protocol-of.js';

class AdapterOfTheApp extends ExpressAdapter {
  override getType(): string {
    return 'own';
  }
}

class AdapterWithoutType extends ExpressAdapter {}
Object.assign(AdapterWithoutType.prototype, { getType: undefined });

class ExtendedExpressAdapter extends ExpressAdapter {}

const OPTIONS: SmartSessionModuleOptions = {
  dialect: 'sqlite',
  connection: { dbName: ':memory:' },
  createTable: true,
  secret: 'test',
  pruneInterval: false,
};

const moduleWith = (options: SmartSessionModuleOptions = {}) => {
  @Module({ imports: [SmartSessionModule.forRoot({ ...OPTIONS, ...options })], controllers: [TestController] })
  class AppModule {}
  return AppModule;
};

async function compile(options?: SmartSessionModuleOptions) {
  return Test.createTestingModule({ imports: [moduleWith(options)] }).compile();
}

describe('the HTTP adapter', () => {
  it.each<[Type<ExpressAdapter>, string, SmartSessionModuleOptions]>([
    [AdapterOfTheApp, 'AdapterOfTheApp (of type "own")', {}],
    [AdapterOfTheApp, 'AdapterOfTheApp (of type "own")', { mount: false }],
    [AdapterWithoutType, 'AdapterWithoutType (of type undefined)', {}],
  ])('%o stops the start if it is that of another platform, and the database is closed', async (Adapter, shown, options) => {
    const testing = await compile(options);
    const { orm } = testing.get(DatabaseContext, { strict: false });
    const app = testing.createNestApplication(new Adapter(), { logger: false });
    const failure: unknown = await app.init().catch((error: unknown) => error);
    expect(failure).toMatchObject({
      name: 'UnsupportedAdapterError',
      message: expect.stringContaining(`${shown}, but sessions work with Express and Fastify only`),
    });
    expect(await orm!.isConnected()).toBe(false);
  });

  it('may extend that of Express', async () => {
    const app = (await compile()).createNestApplication(new ExtendedExpressAdapter(), { logger: false });
    await app.init();
    const browser = new Browser(app);
    await browser.post('/set', { a: 1 });
    expect(await browser.session()).toEqual({ a: 1 });
    await app.close();
  });

  it.each([
    ['an application context', () => NestFactory.createApplicationContext(moduleWith(), { logger: false })],
    ['a testing module', async () => (await compile()).init()],
  ])('may be missing: %s', async (_what, start) => {
    const app = await start();
    const sessions = app.get(SessionService);
    await protocolOf(sessions).stored.replace('an id', { a: 1 });
    expect(await sessions.load('an id')).toMatchObject({ a: 1 });
    await app.close();
  });
});
