import type { INestApplication } from '@nestjs/common';
import { SessionService } from 'nestjs-smart-session';
import request from 'supertest';
import { LiveCommitter } from '../../src/protocol/live-committer.js';
import { Browser } from '../../test/support/browser.js';
import { holdCalls } from '../../test/support/hold-calls.js';
import { startRecipe } from '../../test/support/recipe.js';

describe('a typed cart', () => {
  let app: INestApplication;
  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'));
  });
  afterAll(() => app.close());

  it('loses no item and no field, and keeps the limit, with concurrent requests', async () => {
    const browser = new Browser(app);
    await browser.post('/cart/items/tea');
    const prefer = (preferences: object) =>
      request(app.getHttpServer()).patch('/cart/preferences').set('Cookie', browser.cookie).send(preferences);
    // All requests have loaded the session before the first of them commits.
    const commits = holdCalls(LiveCommitter.prototype, 'commitForResponse', 9);
    const changes = Promise.all([
      ...Array.from({ length: 3 }, () => browser.post('/cart/items/tea')),
      ...['milk', 'sugar', 'cups', 'spoons'].map((sku) => browser.post(`/cart/items/${sku}`)),
      prefer({ currency: 'EUR' }),
      prefer({ country: 'FR' }),
    ]);
    await commits.allHeld;
    commits.release();
    for (const { status } of await changes) expect(status).toBeLessThan(300);

    const updates = holdCalls(SessionService.prototype as never, 'update', 5);
    const coupons = Promise.all(['A', 'B', 'C', 'D', 'E'].map((code) => browser.post(`/cart/coupons/${code}`)));
    await updates.allHeld;
    updates.release();
    expect((await coupons).map(({ status }) => status).toSorted()).toEqual([201, 201, 409, 409, 409]);

    const { body } = await browser.get('/cart');
    expect(Object.fromEntries(body.cart.map(({ sku, quantity }: Record<string, string>) => [sku, quantity]))).toEqual({
      tea: 4,
      milk: 1,
      sugar: 1,
      cups: 1,
      spoons: 1,
    });
    expect(body.preferences).toEqual({ currency: 'EUR', country: 'FR' });
    expect(body.coupons).toHaveLength(2);
    await browser.delete('/cart/items/tea');
    expect((await browser.get('/cart')).body.cart).toHaveLength(4);
  });
});
