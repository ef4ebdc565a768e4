import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { INestApplication } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { SessionService } from 'nestjs-smart-session';
import { startRecipe } from '../../test/support/recipe.js';
import { OrdersService } from './orders.service.js';

const CLICKS = 12;

describe('paying once in two instances of an app', () => {
  const directory = mkdtempSync(join(tmpdir(), 'paying-'));
  let apps: INestApplication[];
  let urls: string[];
  let cookie: string;

  beforeAll(async () => {
    const first = await startRecipe(() => import('./main.js'), { SQLITE_FILE: join(directory, 'shop') });
    const { AppModule } = await import('./app.module.js');
    const second = await NestFactory.create(AppModule);
    await second.listen(0, '127.0.0.1');
    apps = [first, second];
    urls = await Promise.all(apps.map((app) => app.getUrl()));
  });
  beforeEach(async () => {
    cookie = '';
    const answer = await add();
    cookie = answer.headers.getSetCookie()[0]!.split(';')[0]!;
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(async () => {
    await Promise.all(apps.map((app) => app.close()));
    rmSync(directory, { recursive: true });
  });

  const send = (path: string, { instance = 0, key, body = {} }: { instance?: number; key?: string; body?: object } = {}) =>
    fetch(urls[instance]! + path, {
      method: 'POST',
      headers: { cookie, 'content-type': 'application/json', ...(key !== undefined && { 'idempotency-key': key }) },
      body: JSON.stringify(body),
    });
  const add = () => send('/cart', { body: { sku: 'tea', quantity: 1 } });
  const read = async (path: string) => (await fetch(urls[0]! + path, { headers: { cookie } })).json() as Promise<unknown[]>;
  const orders = async () => (await read('/orders')).length;

  /** Clicks in both instances at the same time. */
  const click = async (path: string, key?: string) => {
    const answers = await Promise.all(Array.from({ length: CLICKS }, (_, n) => send(path, { instance: n % 2, key })));
    return Promise.all(answers.map(async (answer) => [answer.status, ((await answer.json()) as { order?: number }).order] as const));
  };

  it('places one order, and refuses the other clicks', async () => {
    const before = await orders();
    const statuses = (await click('/orders')).map(([status]) => status).toSorted();
    expect(statuses).toEqual([201, ...Array.from({ length: CLICKS - 1 }, () => 409)]);
    expect([await orders(), await read('/cart')]).toEqual([before + 1, []]);
  });

  it('answers all clicks with the same order if they have the same key', async () => {
    const before = await orders();
    const answers = await click('/orders/once', 'a');
    expect(new Set(answers.map(String))).toEqual(new Set([`201,${answers[0]![1]}`]));
    expect([await orders(), await read('/cart')]).toEqual([before + 1, []]);
  });

  it('places two orders for two keys', async () => {
    const before = await orders();
    for (const key of ['a', 'b', 'a']) {
      expect((await send('/orders/once', { key })).status).toBe(201);
      await add();
    }
    expect(await orders()).toBe(before + 2);
  });

  it('keeps no answer of a request that fails, nor its order', async () => {
    const before = await orders();
    vi.spyOn(OrdersService.prototype, 'place').mockImplementationOnce(async function (this: OrdersService, em, draft) {
      await this.place(em, draft);
      throw new RangeError('of the app');
    });
    expect((await send('/orders/once', { key: 'a' })).status).toBe(500);
    expect([await orders(), await read('/cart')]).toMatchObject([before, [{ sku: 'tea' }]]);
    expect((await send('/orders/once', { key: 'a' })).status).toBe(201);
    expect([await orders(), await read('/cart')]).toEqual([before + 1, []]);
  });

  it('refuses a request without a key, and one whose key belongs to another', async () => {
    expect((await send('/orders/once')).status).toBe(400);
    expect((await send('/orders/once', { key: 'a'.repeat(101) })).status).toBe(400);
    expect((await send('/orders/once', { key: 'a' })).status).toBe(201);
    expect((await send('/orders/once', { key: 'a', body: { other: 1 } })).status).toBe(422);
  });

  it('keeps the last ten answers', async () => {
    for (let n = 0; n < 11; n++) {
      expect((await send('/orders/once', { key: String(n) })).status).toBe(201);
      await add();
    }
    const sessions = apps[0]!.get(SessionService);
    const { answers } = (await sessions.load(sessions.idOf({ headers: { cookie } })!))!;
    expect(answers!.map(({ key }) => key)).toEqual(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']);
  });
});
