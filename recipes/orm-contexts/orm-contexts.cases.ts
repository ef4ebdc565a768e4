import type { INestApplication } from '@nestjs/common';
import type { MikroORM } from '@mikro-orm/core';
import { getMikroORMToken } from '@mikro-orm/nestjs';
import { SessionEntity } from 'nestjs-smart-session';
import { Browser } from '../../test/support/browser.js';
import { startRecipe } from '../../test/support/recipe.js';

describe('several contexts of MikroORM', () => {
  it('keeps the sessions in the context that is named', async () => {
    const app: INestApplication = await startRecipe(() => import('./main.js'), { CONTENT_FILE: ':memory:' });
    const browser = new Browser(app);
    expect((await browser.get('/articles/1')).body).toEqual({ title: 'On sessions', articlesRead: 1 });
    expect((await browser.get('/articles/1')).body).toEqual({ title: 'On sessions', articlesRead: 2 });
    const ormOf = (context: string) => app.get<MikroORM>(getMikroORMToken(context));
    expect(await ormOf('sessions').em.fork().count(SessionEntity)).toBe(1);
    expect(
      ormOf('content')
        .getMetadata()
        .has(SessionEntity as never),
    ).toBe(false);
    await app.close();
  });
});
