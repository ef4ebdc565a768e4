import type { INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { SmartSessionTestingModule, ageSession, readSession, sessionCookie, sessionHeaders } from 'nestjs-smart-session';
import request from 'supertest';
import type { App } from 'supertest/types.js';
import { ShopModule } from './shop.module.js';

describe('the cart', () => {
  let app: INestApplication<App>;

  beforeEach(async () => {
    const sessions = SmartSessionTestingModule.forRoot({ ttl: 30 * 60_000 });
    const testing = await Test.createTestingModule({ imports: [sessions, ShopModule] }).compile();
    app = testing.createNestApplication();
    await app.init();
  });
  afterEach(() => app.close());

  it('is shown to its user', async () => {
    const cookie = await sessionCookie(app, { userId: 1, cart: [{ sku: 'tea', quantity: 2 }] });
    const response = await request(app.getHttpServer()).get('/cart').set('Cookie', cookie).expect(200);
    expect(response.body).toEqual([{ sku: 'tea', quantity: 2 }]);
  });

  it('keeps what is added', async () => {
    const cookie = await sessionCookie(app, { userId: 1 });
    const response = await request(app.getHttpServer()).post('/cart/tea').set('Cookie', cookie).expect(201);
    expect(await readSession(app, response)).toEqual({ userId: 1, cart: [{ sku: 'tea', quantity: 1 }] });
  });

  it('keeps what a visitor adds', async () => {
    const response = await request(app.getHttpServer()).post('/cart/tea').expect(201);
    expect(await readSession(app, response)).toEqual({ cart: [{ sku: 'tea', quantity: 1 }] });
  });

  it('is no longer shown after 30 minutes without a request', async () => {
    const cookie = await sessionCookie(app, { userId: 1 });
    await ageSession(app, cookie, 29 * 60_000);
    await request(app.getHttpServer()).get('/cart').set('Cookie', cookie).expect(200);
    await ageSession(app, cookie, 30 * 60_000);
    await request(app.getHttpServer()).get('/cart').set('Cookie', cookie).expect(401);
  });
});

it('reads a session by its headers', async () => {
  const sessions = SmartSessionTestingModule.forRoot({ transport: { header: 'authorization', scheme: 'Session' } });
  const testing = await Test.createTestingModule({ imports: [sessions, ShopModule] }).compile();
  const app: INestApplication<App> = testing.createNestApplication();
  await app.init();
  const headers = await sessionHeaders(app, { userId: 1 });
  await request(app.getHttpServer()).get('/cart').set(headers).expect(200);
  await app.close();
});
