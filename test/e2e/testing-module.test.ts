import { Module, type DynamicModule, type INestApplication } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  DatabaseContext,
  SessionService,
  SmartSessionConfigError,
  SmartSessionModule,
  SmartSessionTestingModule,
  counter,
} from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { TestController } from '../support/test-app.js';

/** What an app's module imports, and its tests put another in the place of. */
const sessions = SmartSessionModule.forRoot('postgresql', { secret: 'x', connection: { host: 'nowhere.invalid' } });

@Module({ imports: [sessions], controllers: [TestController] })
class AppModule {}

@Module({ controllers: [TestController] })
class CartModule {}

describe('SmartSessionTestingModule', () => {
  const apps: INestApplication[] = [];
  afterEach(() => Promise.all(apps.splice(0).map((app) => app.close())));

  async function start(testing: TestingModule): Promise<Browser> {
    const app = testing.createNestApplication({ logger: false });
    apps.push(app);
    await app.init();
    return new Browser(app);
  }
  const feature = async (module: DynamicModule) => start(await Test.createTestingModule({ imports: [module, CartModule] }).compile());

  it('keeps sessions in memory, each app its own, with nothing given', async () => {
    const testing = await Test.createTestingModule({ imports: [SmartSessionTestingModule.forRoot(), CartModule] }).compile();
    const [one, other] = [await start(testing), await feature(SmartSessionTestingModule.forRoot())];
    await one.post('/set', { a: 1 });
    expect(await one.session()).toEqual({ a: 1 });
    other.cookie = one.cookie;
    expect(await other.session()).toEqual({});
    expect(apps[0]!.get(DatabaseContext, { strict: false }).orm!.config.get('dbName')).toBe(':memory:');
    expect(await apps[1]!.get(SessionService).count()).toBe(0);
  });

  it('takes the options that a test depends on', async () => {
    const browser = await feature(SmartSessionTestingModule.forRoot({ name: 'tested', merge: { typedCount: counter() } }));
    await browser.post('/set', { typedCount: 1 });
    expect(browser.cookie).toMatch(/^tested=/);
    await expect(feature(SmartSessionTestingModule.forRoot({ ttl: -1 }))).rejects.toThrow(SmartSessionConfigError);
  });

  it("comes in the place of an app's own module", async () => {
    const testing = await Test.createTestingModule({ imports: [AppModule] })
      .overrideModule(sessions)
      .useModule(SmartSessionTestingModule.forRoot())
      .compile();
    const browser = await start(testing);
    await browser.post('/set', { a: 1 });
    expect(await browser.session()).toEqual({ a: 1 });
  });

  it('closes its database with the app', async () => {
    await feature(SmartSessionTestingModule.forRoot());
    const { orm } = apps[0]!.get(DatabaseContext, { strict: false });
    expect(await orm!.isConnected()).toBe(true);
    await apps.pop()!.close();
    expect(await orm!.isConnected()).toBe(false);
  });
});
