import type { INestApplication } from '@nestjs/common';
import { Subject } from 'rxjs';
import { Browser } from '../../test/support/browser.js';
import { newSqliteFile, startRecipe } from '../../test/support/recipe.js';
import { RecipeProcess } from '../../test/support/recipe-process.js';
import { ImporterService } from './importer.service.js';

describe('streams', () => {
  let app: INestApplication;
  let importer: ImporterService;
  let browser: Browser;
  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'), { SQLITE_FILE: newSqliteFile() });
    importer = app.get(ImporterService);
  });
  beforeEach(() => {
    browser = new Browser(app);
  });
  afterAll(() => app.close());

  /** Opens a stream and reads it piece by piece. */
  async function open(path: string, of: Pick<INestApplication, 'getUrl'> = app) {
    const response = await fetch(`${await of.getUrl()}${path}`, { headers: { cookie: browser.cookie } });
    browser.cookie ||= response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    return { response, read: async () => (await reader.read()).value };
  }

  it('has committed what an event tells when the event arrives', async () => {
    await browser.get('/report');
    const rows = new Subject<number>();
    importer.run = () => rows;
    const events = await open('/import');
    for (const n of [1, 2]) {
      rows.next(n);
      let event = '';
      while (!event.includes(`{"rows":${n}}`)) event += await events.read();
      expect((await browser.get('/counts')).body).toEqual({ imported: n, downloads: 1 });
    }
    rows.complete();
    expect(await events.read()).toBeUndefined();
  });

  it('ends in two processes when the user logs out in one', async () => {
    await browser.get('/report');
    const there = await RecipeProcess.start('streams');
    const rows = new Subject<number>();
    importer.run = () => rows;
    const streams = await Promise.all([app, there].map((one) => open('/import', one)));
    rows.next(100);
    for (const { read } of streams) {
      let event = '';
      while (!event.includes('{"rows":100}')) event += await read();
    }
    await browser.delete('/session');
    let left = '';
    for (const { read } of streams) for (let event = await read(); event !== undefined; event = await read()) left += event;
    expect(left).not.toContain('{"rows":5000}');
    expect(rows.observed).toBe(false);
    await there.close();
  });

  it('has counted a download when its first byte arrives', async () => {
    let finish = () => {};
    const isFinished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    importer.report = async function* report() {
      yield 'first\n';
      await isFinished;
      yield 'last\n';
    };
    const { response, read } = await open('/report');
    expect(response.headers.get('content-disposition')).toContain('report.csv');
    expect(await read()).toBe('first\n');
    expect((await browser.get('/counts')).body).toEqual({ downloads: 1 });
    finish();
    expect(await read()).toBe('last\n');
  });
});
