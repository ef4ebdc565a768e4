import {
  Body,
  Controller,
  HttpCode,
  Injectable,
  Module,
  Post,
  Req,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { Request } from 'express';
import type { SessionData } from 'express-session';
import { SessionService } from '../../src/index.js';
import { Browser } from '../support/browser.js';
import { DATABASES } from '../support/databases.js';
import { SessionsApp } from '../support/sessions-app.js';

const MINUTE = 60_000;

@Injectable()
export class RecentLoginGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { session } = context.switchToHttp().getRequest<{ session: SessionData & { loggedInAt?: number } }>();
    if (Date.now() - (session.loggedInAt ?? 0) < 5 * MINUTE) return true;
    throw new UnauthorizedException('Log in again');
  }
}

@Controller()
class AccountController {
  constructor(private readonly sessions: SessionService) {}

  @Post('login-now') async login(@Req() request: Request): Promise<void> {
    await this.sessions.regenerate(request, { keep: 'all' });
    Object.assign(request.session, { user: 'anna', loggedInAt: Date.now() });
  }
  @Post('password') @HttpCode(204) @UseGuards(RecentLoginGuard) changePassword(): void {}
  @Post('back-channel-logout') @HttpCode(204) async logout(@Body() { sub }: { sub: string }): Promise<void> {
    await this.sessions.destroyAll({ userId: sub });
  }
}

@Module({ controllers: [AccountController] })
class AccountModule {}

describe.each(DATABASES)('re-authentication on %s', (database) => {
  let app: SessionsApp;

  beforeAll(async () => {
    app = await SessionsApp.start(database, { tableName: `account_${database}`, userId: 'user' }, { imports: [AccountModule] });
  });
  beforeEach(() => app.clear());
  afterAll(() => app.close());

  const statusOf = async (browser: Browser) => (await browser.post('/password')).status;

  it('ASVS 7.5.1, 7.5.3 asks for a login of late before a sensitive act', async () => {
    const browser = new Browser(app.app);
    expect(await statusOf(browser)).toBe(401);
    await browser.post('/login-now');
    expect(await statusOf(browser)).toBe(204);
    await browser.post('/set', { loggedInAt: Date.now() - 5 * MINUTE });
    expect(await statusOf(browser)).toBe(401);
    await browser.post('/login-now');
    expect(await statusOf(browser)).toBe(204);
  });

  it("ASVS 7.6.1 ends a user's sessions when the identity provider says so", async () => {
    const [browser, provider] = [new Browser(app.app), new Browser(app.app)];
    await browser.post('/login-now');
    expect((await provider.post('/back-channel-logout', { sub: 'anna' })).status).toBe(204);
    expect([await browser.session(), await app.rows()]).toEqual([{}, 0]);
  });

  it('ASVS 7.6.2 starts no session for a visitor who does nothing', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => new Browser(app.app).get('/nothing')));
    expect(answers.map(({ status, headers }) => [status, headers['set-cookie']])).toEqual(answers.map(() => [200, undefined]));
    expect(await app.rows()).toBe(0);
  });
});
