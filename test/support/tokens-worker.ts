// One process of an app whose sessions hold the tokens of an OpenID provider, on the databases that its parent names.
import { Body, Controller, Module, Param, Post, Query, Session, type INestApplication } from '@nestjs/common';
import { SessionLockLostError, SessionService, type DialectName } from '../../src/index.js';
import { noteConnections } from './connection-ids.js';
import { CONNECTIONS } from './databases.js';
import { startTestApp } from './test-app.js';
import { FAULTS, block, die, type TokenFault } from './token-faults.js';
import { refreshed, type Tokens } from './tokens.js';

type Live = Record<string, unknown> & { tokens: Tokens };

/** The fault of a request that refreshes the tokens; the other fields are its parameters. */
interface OnceQuery {
  readonly fault?: TokenFault;
  readonly lease?: string;
  readonly file?: string;
}

const [file] = process.argv.slice(2) as [string];
/** The ids of the connections that the app has opened. */
const connections: number[] = [];

@Controller()
class TokensController {
  constructor(private readonly sessions: SessionService) {}

  @Post('tokens') login(@Session() session: Live, @Body() tokens: Tokens): void {
    session.tokens = { ...tokens, round: 0 };
  }

  @Post('once/:round') async once(@Session() session: Live, @Param('round') round: string, @Query() query: OnceQuery): Promise<unknown> {
    const { fault = 'none', lease = '1000', file: released = '' } = query;
    let hasWorked = false;
    let looks = 0;
    const once = this.sessions.once(session, 'tokens', {
      lease: Number(lease),
      isFresh: async (current) => {
        // The second look is that of the holder of the lease, before its work.
        if (fault === 'blocked before the work' && ++looks === 2) await block({ file: released, tell: tellConnections });
        return (current as unknown as Live).tokens.round >= Number(round);
      },
      work: async (draft) => {
        const current = draft as unknown as Live;
        current.tokens = await FAULTS[fault](current.tokens, { file: released, tell: tellConnections });
        hasWorked = true;
      },
      select: (current) => ({ accessToken: (current as unknown as Live).tokens.accessToken }),
    });
    const answer = await once.catch((error: unknown) => {
      if (error instanceof SessionLockLostError) return { failed: error.name };
      throw error;
    });
    if (fault === 'killed after the commit' && hasWorked) await die();
    return answer;
  }

  @Post('plain/:round') async plain(@Session() session: Live, @Param('round') round: string): Promise<unknown> {
    if (session.tokens.round < Number(round)) session.tokens = await refreshed(session.tokens);
    return { accessToken: session.tokens.accessToken };
  }
}

@Module({ controllers: [TokensController] })
class TokensModule {}

/** Sends the ids of the app's connections to the test. */
function tellConnections(): Promise<void> {
  return new Promise((resolve) => process.send!(connections, () => resolve()));
}

let app: INestApplication | undefined;

/** Returns the address of the app. */
async function start(database: DialectName): Promise<string> {
  const { driver: _, ...server } = CONNECTIONS[database];
  const connection = database === 'sqlite' ? { dbName: file } : { ...server, ...noteConnections(database, connections) };
  app = await startTestApp(database, { imports: [TokensModule], options: { connection, tableName: `tokens_${database}` } });
  return app.getUrl();
}

async function close(): Promise<string> {
  await app?.close();
  connections.length = 0;
  return '';
}

process.on('message', (message: DialectName | 'close') => {
  void (message === 'close' ? close() : start(message)).then((answer) => process.send!(answer));
});
process.on('disconnect', () => process.exit());
