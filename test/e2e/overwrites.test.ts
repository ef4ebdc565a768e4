import { Controller, Logger, Module, Param, Post, Session, type INestApplication } from '@nestjs/common';
import { vi } from 'vitest';
import { OverwriteDetector } from '../../src/commit/overwrite-detector.js';
import { Browser } from '../support/browser.js';
import { startTestApp } from '../support/test-app.js';

let held: PromiseWithResolvers<void>;
let arrived: PromiseWithResolvers<void>;

/** Two routes that rewrite the same key. Their paths contain ids. */
@Controller('carts')
class CartController {
  @Post(':id/items/:sku') async add(@Session() session: Record<string, unknown>, @Param('sku') sku: string): Promise<void> {
    arrived.resolve();
    await held.promise;
    session.cart = [sku];
  }
  @Post(':id/clear') clear(@Session() session: Record<string, unknown>): void {
    session.cart = [];
  }
}

@Module({ controllers: [CartController] })
class CartModule {}

describe('the routes of overwritten keys', () => {
  let app: INestApplication;
  const warnings: string[] = [];

  beforeAll(async () => {
    app = await startTestApp('sqlite', {
      imports: [CartModule],
      options: { detectOverwrites: true },
      prepare: (nest) => nest.setGlobalPrefix('api'),
    });
    vi.spyOn(Logger.prototype, 'warn').mockImplementation((line: unknown) => void warnings.push(String(line)));
  });
  afterAll(async () => {
    vi.restoreAllMocks();
    await app.close();
  });

  it('are their patterns, without the ids of the requests', async () => {
    held = Promise.withResolvers();
    arrived = Promise.withResolvers();
    const browser = new Browser(app);
    await browser.post('/api/set', { cart: ['a'] });
    const adding = browser.post('/api/carts/4711/items/sku-17?token=secret');
    await arrived.promise;
    await browser.post('/api/carts/4711/clear');
    held.resolve();
    expect((await adding).status).toBe(201);
    expect(app.get(OverwriteDetector).overwrites.all).toMatchObject([
      { key: 'cart', routes: ['POST /api/carts/:id/clear', 'POST /api/carts/:id/items/:sku'], rule: 'union()', count: 1 },
    ]);
    expect(warnings).toEqual([
      'POST /api/carts/:id/clear and POST /api/carts/:id/items/:sku both changed `cart`; the last one won. Declare a merge rule: `merge: { cart: union() }`, or `lastWins()` if the last change is right.',
    ]);
  });
});
