import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import Database from 'better-sqlite3';
import knex from 'knex';
import { createPool } from 'mysql2';
import { createPool as createPromisePool } from 'mysql2/promise';
import pg from 'pg';
import { SmartSessionConfigError, SmartSessionOptions, type DialectName } from '../../src/index.js';
import { openDatabase } from '../../src/persistence/open-database.js';

/** Why sessions cannot use a client. */
async function refusal(dialect: DialectName, client: object): Promise<string> {
  const options = new SmartSessionOptions({ secret: 'x', dialect, client } as never);
  const error: unknown = await openDatabase(options, undefined).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(SmartSessionConfigError);
  return (error as SmartSessionConfigError).message.replace('SmartSessionModule: option `client`: ', '');
}

const NOBODY = { host: '127.0.0.1', port: 1, user: 'anna', password: 'x', database: 'shop' };

const CLOSED: readonly (readonly [string, DialectName, () => object | Promise<object>])[] = [
  ['a database of better-sqlite3', 'sqlite', () => new Database(':memory:').close()],
  [
    'a pool of pg',
    'postgresql',
    async () => {
      const pool = new pg.Pool();
      await pool.end();
      return pool;
    },
  ],
  [
    'a pool of mysql2',
    'mysql',
    () => {
      const pool = createPool(NOBODY);
      pool.end();
      return pool;
    },
  ],
  [
    'a pool of mysql2/promise',
    'mariadb',
    async () => {
      const pool = createPromisePool(NOBODY);
      await pool.end();
      return pool;
    },
  ],
  ...(['better-sqlite3', 'pg', 'mysql2'] as const).map((client): [string, DialectName, () => Promise<object>] => [
    `knex on ${client}`,
    client === 'pg' ? 'postgresql' : client === 'mysql2' ? 'mysql' : 'sqlite',
    async () => {
      const instance = knex({ client, connection: { filename: ':memory:' }, useNullAsDefault: true });
      await instance.destroy();
      return instance;
    },
  ]),
];

describe('a client that leads to no database', () => {
  it.each(CLOSED)('is named if it is closed: %s', async (_, dialect, make) => {
    expect(await refusal(dialect, await make())).toBe('it is closed. Give a client that is open, and close it after the app.');
  });

  it.each([
    ['a pool of pg', 'postgresql', () => new pg.Pool(NOBODY)],
    ['a pool of mysql2', 'mysql', () => createPool(NOBODY)],
    ['knex on pg', 'postgresql', () => knex({ client: 'pg', connection: NOBODY })],
    ['knex on mysql2', 'mariadb', () => knex({ client: 'mysql2', connection: NOBODY })],
  ] as const)('is named if its server is down: %s', async (_, dialect, make) => {
    expect(await refusal(dialect, make())).toBe(
      'its database cannot be opened: connect ECONNREFUSED 127.0.0.1:1. Start the server, or correct the host and the port of `client`. If a value comes from an environment variable, such as DATABASE_URL, check that it is set.',
    );
  });

  it.each([
    ['a pool of pg', 'postgresql', (port: number) => new pg.Pool({ ...NOBODY, port })],
    ['a pool of mysql2', 'mysql', (port: number) => createPool({ ...NOBODY, port })],
  ] as const)('is named if something else answers: %s', async (_, dialect, make) => {
    const closing = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(closing, 'listening');
    expect(await refusal(dialect, make((closing.address() as AddressInfo).port))).toMatch(
      new RegExp(
        `^its database cannot be opened: .*[^.]\\. Check that a ${dialect} server answers at the host and the port of \`client\`\\.`,
      ),
    );
    closing.close();
  });

  it('is named if it has no password', async () => {
    const pool = new pg.Pool({ ...NOBODY, port: await portThatAsks(), password: undefined });
    expect(await refusal('postgresql', pool)).toMatch(
      /^its database cannot be opened: SASL: .*[^.]\. Correct the user and the password of `client`\. If a value comes from an environment variable/,
    );
    await pool.end();
  });

  it('is named if its URL is of another database, without the password in it', async () => {
    const pool = new pg.Pool({ connectionString: 'mysql://anna:secret@127.0.0.1:3306/shop' });
    expect(await refusal('postgresql', pool)).toBe(
      'its URL begins with mysql://, but the driver is for postgresql. Give the URL of a PostgreSQL server, or a client of the other database.',
    );
  });
});

/** The port of a server that asks for a password by SCRAM, as PostgreSQL does. */
async function portThatAsks(): Promise<number> {
  const answers = [authentication(10, 'SCRAM-SHA-256\0\0'), authentication(11, 'r=x,s=eA==,i=1')];
  const server = createServer((socket) => socket.on('data', () => socket.write(answers.shift() ?? '')).on('error', () => {}));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return (server.address() as AddressInfo).port;
}

/** A message of PostgreSQL's protocol about the login. */
function authentication(kind: number, text: string): Buffer {
  return Buffer.concat([Buffer.from('R'), Buffer.from([0, 0, 0, 8 + text.length, 0, 0, 0, kind]), Buffer.from(text)]);
}
