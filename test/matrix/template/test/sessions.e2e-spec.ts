import { Test } from '@nestjs/testing';
import { ageSession, readSession, sessionCookie } from 'nestjs-smart-session';
import request from 'supertest';
import { AppModule } from '../src/app.module';
import { OwnDatabaseModule } from '../src/own-database.module';
import { dropAndClose, visitTwice } from '../src/visit-twice';

const YEAR = 365 * 24 * 3600_000;

describe.each([AppModule, OwnDatabaseModule])('sessions of %o (e2e)', (module) => {
  const start = async () => (await Test.createTestingModule({ imports: [module] }).compile()).createNestApplication();

  it('are kept', async () => expect(await visitTwice(await start())).toBe('2 of number'));

  it('are stored, read and made older by a test', async () => {
    const app = await start();
    await app.init();
    const cookie = await sessionCookie(app, { visits: 1 });
    const visit = () => request(app.getHttpServer()).post('/visits').set('Cookie', cookie);
    const response = await visit().expect(201, '2 of number');
    expect(await readSession(app, response)).toEqual({ visits: 2 });
    await ageSession(app, cookie, YEAR);
    expect(await readSession(app, cookie)).toBeUndefined();
    await visit().expect(201, '1 of number');
    await dropAndClose(app);
  });
});
