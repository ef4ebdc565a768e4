import type { INestApplication } from '@nestjs/common';
import { Browser } from '../../test/support/browser.js';
import { holdCalls } from '../../test/support/hold-calls.js';
import { startRecipe } from '../../test/support/recipe.js';
import { FlashService } from './flash.service.js';

describe('flash messages', () => {
  let app: INestApplication;
  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'));
  });
  afterAll(() => app.close());

  it('shows a message after the redirect, once', async () => {
    const browser = new Browser(app);
    const { status, headers } = await browser.post('/subscriptions', { topic: 'tea' });
    expect([status, headers.location]).toEqual([303, '/']);
    expect((await browser.get('/')).body.messages).toEqual(['You will hear of tea.']);
    expect((await browser.get('/')).body.messages).toEqual([]);
  });

  it('keeps messages that are added at once, and shows each once to requests that ask at once', async () => {
    const browser = new Browser(app);
    await browser.post('/subscriptions', { topic: 'tea' });
    await Promise.all(['milk', 'sugar'].map((topic) => browser.post('/subscriptions', { topic })));
    const { allHeld, release } = holdCalls(FlashService.prototype as never, 'take', 5);
    const pages = Array.from({ length: 5 }, () => browser.get('/'));
    await allHeld;
    release();
    const shown = (await Promise.all(pages)).flatMap(({ body }) => body.messages);
    expect(shown.toSorted()).toEqual(['milk', 'sugar', 'tea'].map((topic) => `You will hear of ${topic}.`));
  });
});
