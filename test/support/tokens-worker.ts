// One process of an app whose sessions hold the tokens of an OpenID provider, on the databases that its parent names.
import { Body, Controller, Module, Param, Post, Query, Session, type INestApplication } from '@nestjs/common';
import { SessionService, type DialectName } from '../../src/index.js';
import { CONNECTIONS } from './databases.js';
import { startTestApp } from './test-app.js';

/** The tokens of a login, as the session keeps them. */
interface Tokens {
  readonly refreshToken: string;
  readonly accessToken?: string;
  /** How often the tokens were refreshed. */
  readonly round: number;
  readonly tokenUrl: string;
  readonly client: Readonly<Record<string, string>>;
}

type Live = Record<string, unknown> & { tokens: Tokens };

const [file] = process.argv.slice(2) as [string];

@Controller()
class TokensController {
  constructor(private readonly sessions: SessionService) {}

  @Post('tokens') login(@Session() session: Live, @Body() tokens: Tokens): void {
    session.tokens = { ...tokens, round: 0 };
  }

  /** @param dies whether the process is killed while it has the lease, before it asks the provider */
  @Post('once/:round') once(@Session() session: Live, @Param('round') round: string, @Query('dies') dies?: string): Promise<unknown> {
    return this.sessions.once(session, 'tokens', {
      lease: 1000,
      isFresh: (current) => (current as unknown as Live).tokens.round >= Number(round),
      work: async (draft) => {
        if (dies) process.kill(process.pid, 'SIGKILL');
        const current = draft as unknown as Live;
        current.tokens = await refreshed(current.tokens);
      },
      select: (current) => ({ accessToken: (current as unknown as Live).tokens.accessToken }),
    });
  }

  @Post('plain/:round') async plain(@Session() session: Live, @Param('round') round: string): Promise<unknown> {
    if (session.tokens.round < Number(round)) session.tokens = await refreshed(session.tokens);
    return { accessToken: session.tokens.accessToken };
  }
}

@Module({ controllers: [TokensController] })
class TokensModule {}

async function refreshed(tokens: Tokens): Promise<Tokens> {
  const { client_id, client_secret } = tokens.client;
  const body = new URLSearchParams({
    grant_type: 'refresh_token',
    refresh_token: tokens.refreshToken,
    client_id: client_id!,
    client_secret: client_secret!,
  });
  const answer = await fetch(tokens.tokenUrl, { method: 'POST', body });
  if (!answer.ok) throw new Error(await answer.text());
  const { refresh_token, access_token } = (await answer.json()) as { refresh_token: string; access_token: string };
  return { ...tokens, refreshToken: refresh_token, accessToken: access_token, round: tokens.round + 1 };
}

let app: INestApplication | undefined;

/** Returns the address of the app. */
async function start(database: DialectName): Promise<string> {
  const { driver: _, ...server } = CONNECTIONS[database];
  const connection = database === 'sqlite' ? { dbName: file } : server;
  app = await startTestApp(database, { imports: [TokensModule], options: { connection, tableName: `tokens_${database}` } });
  return app.getUrl();
}

process.on('message', (database: DialectName | 'close') => {
  const answer = database === 'close' ? app?.close().then(() => '') : start(database);
  void answer?.then((url) => process.send!(url));
});
process.on('disconnect', () => process.exit());
