import type { INestApplication } from '@nestjs/common';
import { DatabaseContext } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { dropTables } from '../support/drop-tables.js';
import { startTestApp } from '../support/test-app.js';

/** Path, key that its handler sets, and the status of its answer. */
const ANSWERS = [
  ['get', '/observable', 'observable', 200],
  ['get', '/res', 'res', 200],
  ['get', '/redirect', 'redirect', 302],
  ['get', '/res-redirect', 'resRedirect', 302],
  ['get', '/empty', 'empty', 204],
  ['head', '/res', 'res', 200],
  ['get', '/file', 'file', 200],
  ['get', '/res-file', 'resFile', 200],
  ['get', '/pipe', 'pipe', 200],
  ['get', '/events', 'events', 200],
  ['post', '/throw', 'thrown', 403],
  ['post', '/guarded', 'refused', 403],
] as const;

describe.each(DATABASES)('the response, on %s', (database) => {
  const tableName = `responses_${database}`;
  let app: INestApplication;

  beforeAll(async () => {
    app = await startTestApp(database, { options: { tableName } });
  });
  afterAll(async () => {
    const { runner, dialect } = app.get(DatabaseContext, { strict: false });
    await dropTables(dialect.name, runner.run, tableName);
    await app.close();
  });

  it.each(ANSWERS)('%s %s is stored before it is answered', async (method, path, key, status) => {
    for (const isNew of [true, false]) {
      const browser = new Browser(app);
      if (!isNew) await browser.post('/set', { before: 1 });
      const response = await browser[method](path);
      expect(response.status).toBe(status);
      expect(await browser.session()).toEqual({ ...(isNew ? {} : { before: 1 }), [key]: 1 });
    }
  });

  it('passes bodies through unchanged', async () => {
    const browser = new Browser(app);
    expect((await browser.get('/file')).text).toBe('first second');
    expect((await browser.get('/pipe')).text ?? '').toBe('one two three');
    expect((await browser.get('/res-file')).body).toHaveProperty('name', 'nestjs-smart-session');
    expect((await browser.get('/events')).text).toMatch(/data: 0[^]*data: 1/);
  });

  it('stores what changes after the first byte before the last, and cuts the answer off when it cannot', async () => {
    const browser = new Browser(app);
    await browser.post('/set', { before: 1 });
    expect((await browser.get('/late/stored')).text).toBe('first second');
    expect(await browser.session()).toEqual({ before: 1, late: 'stored' });
    await expect(browser.get('/late/unstorable')).rejects.toThrow(/aborted|hang up/);
    expect(await browser.session()).toEqual({ before: 1, late: 'stored' });
  });

  describe('when the table is gone', () => {
    beforeAll(async () => {
      const { runner, dialect } = app.get(DatabaseContext, { strict: false });
      await runner.run(`drop table ${dialect.quote(tableName)}`);
    });

    it.each(ANSWERS)('%s %s is answered with 503, without cookie and content', async (method, path) => {
      const response = await new Browser(app)[method](path);
      expect(response.status).toBe(503);
      expect(response.headers).toMatchObject({ 'retry-after': '1', 'content-type': 'application/json; charset=utf-8' });
      expect(response.headers).not.toHaveProperty('set-cookie');
      expect(response.headers).not.toHaveProperty('location');
      expect(response.text ?? '').toBe(method === 'head' ? '' : '{"statusCode":503,"message":"Session unavailable"}');
    });

    it('still serves a request that needs no session', async () => {
      expect((await new Browser(app).get('/nothing')).text).toBe('nothing');
      const known = new Browser(app);
      known.cookie = 'sid=s%3Aforged.signature';
      expect((await known.get('/nothing')).status).toBe(200);
    });
  });
});
