import { Logger, type INestApplication } from '@nestjs/common';
import { SessionService } from 'nestjs-smart-session';
import { Browser } from '../../test/support/browser.js';
import { startRecipe } from '../../test/support/recipe.js';
import { UsersService } from './users.service.js';

describe('impersonation', () => {
  let app: INestApplication;
  let lines: string[];

  beforeAll(async () => {
    app = await startRecipe(() => import('./main.js'));
  });
  beforeEach(() => {
    lines = [];
    vi.spyOn(Logger.prototype, 'log').mockImplementation((line: unknown) => void lines.push(String(line)));
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    await app.get(SessionService).clear();
  });
  afterAll(() => app.close());

  const login = async (user: string) => {
    const browser = new Browser(app);
    expect((await browser.post('/login', { user })).status).toBe(201);
    return browser;
  };
  const acting = async () => {
    const root = await login('root');
    expect((await root.post('/impersonation/anna')).status).toBe(201);
    return root;
  };
  const account = async (browser: Browser) => {
    const { status, body } = await browser.get('/account');
    return status === 200 ? body : status;
  };
  const withCookie = (cookie: string) => Object.assign(new Browser(app), { cookie });

  it('acts with the rights of the user only, under a new id, and goes back under another', async () => {
    const root = await login('root');
    const cookies = [root.cookie];
    await root.post('/impersonation/anna');
    cookies.push(root.cookie);
    expect(await account(root)).toEqual({ user: 'anna', isAdmin: false, actor: 'root' });
    expect((await root.post('/impersonation/anna')).status).toBe(403);
    expect((await root.delete('/impersonation')).status).toBe(200);
    expect(await account(root)).toEqual({ user: 'root', isAdmin: true, actor: null });
    expect(new Set([...cookies, root.cookie]).size).toBe(3);
    for (const cookie of cookies) expect(await account(withCookie(cookie))).toBe(401);
  });

  it('names the true actor in the log', async () => {
    const root = await acting();
    await root.post('/orders');
    await root.delete('/impersonation');
    await root.post('/orders');
    expect(lines).toEqual([
      'root as anna: starts to act for the user',
      'root as anna: orders tea',
      'root as anna: stops',
      'root: orders tea',
    ]);
  });

  it('is shown to the user, whose logout everywhere ends it', async () => {
    const [anna, root] = [await login('anna'), await acting()];
    const { body } = await anna.get('/devices');
    expect(body.map(({ deviceLabel, isCurrent }: { deviceLabel: string; isCurrent: boolean }) => [deviceLabel, isCurrent])).toEqual(
      expect.arrayContaining([
        ['Support: root', false],
        [null, true],
      ]),
    );
    await anna.delete('/devices');
    expect([await account(root), await account(anna)]).toEqual([401, 401]);
  });

  it.each(['boss', 'root', 'nobody'])('is refused for %s, and for a user who is no administrator', async (user) => {
    const [root, anna] = [await login('root'), await login('anna')];
    expect((await root.post(`/impersonation/${user}`)).status).toBe(403);
    expect(await account(root)).toEqual({ user: 'root', isAdmin: true, actor: null });
    expect((await anna.post('/impersonation/anna')).status).toBe(403);
    expect((await anna.delete('/impersonation')).status).toBe(403);
  });

  it('ends after half an hour, however often it is used', async () => {
    const root = await acting();
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 31 * 60_000);
    expect(await account(root)).toBe(401);
    vi.mocked(Date.now).mockRestore();
    expect(await account(root)).toBe(401);
  });

  it('ends when the administrator is none any more', async () => {
    const root = await acting();
    app.get(UsersService).dismiss('root');
    expect([await account(root), (await root.delete('/impersonation')).status]).toEqual([401, 401]);
    expect(await app.get(SessionService).list({ userId: 'anna' })).toEqual([]);
  });
});
