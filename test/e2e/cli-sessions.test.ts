import { sealDevice } from '../../src/codec/device-text.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { SmartSessionOptions } from '../../src/index.js';
import { handleOf } from '../../src/security/session-handle.js';
import { OptionsFile } from '../support/cli.js';
import { ONE_PER_SERVER } from '../support/databases.js';
import { makeLayout1 } from '../support/layout-1.js';
import { dropTables } from '../support/drop-tables.js';
import { SessionsApp, sessionIdOf, storageKeyIn } from '../support/sessions-app.js';

const DAY = 24 * 60 * 60_000;
const KEY = Buffer.from(Array.from({ length: 32 }, (_, n) => n)).toString('base64');

describe.each(ONE_PER_SERVER)('sessions on the command line, on %s', (database) => {
  const tableName = `cli_sessions_${database}`;
  let file: OptionsFile;
  let app: SessionsApp;

  beforeAll(async () => {
    file = await OptionsFile.write(database, tableName);
    app = await SessionsApp.start(database, { ...file.options, createTable: true });
  });
  beforeEach(() => app.clear());
  afterAll(async () => {
    await app.close();
    await file.remove();
  });

  const json = async (...words: string[]) => {
    const { code, out, err } = await file.run([...words, '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    return JSON.parse(out) as unknown;
  };

  describe('list', () => {
    /** Logs users in, and makes each a second older than the next. */
    async function logIn(...users: (string | undefined)[]): Promise<void> {
      for (const user of users) {
        await app.age(1000);
        await app.browser({ user, a: 1 });
      }
    }

    it('shows the sessions of all users, the newest first', async () => {
      await logIn('anna', 'ben', undefined);
      const listed = (await json('list')) as { handle: string; userId: string; createdAt: string; expiresAt: string }[];
      expect(listed.map(({ userId }) => userId)).toEqual([null, 'ben', 'anna']);
      const [, ben] = listed;
      expect(Date.parse(ben!.expiresAt) - Date.parse(ben!.createdAt)).toBe(DAY);
      expect(await json('list', '--user', 'ben')).toEqual([{ ...ben, userId: undefined }]);
      const { out, err } = await file.run(['list']);
      const lines = out.split('\n');
      expect(lines[0]).toMatch(/^HANDLE +USER +CREATED +UPDATED +EXPIRES$/);
      expect(lines.slice(1, 4).map((line) => line.split(/ +/)[1])).toEqual(['-', 'ben', 'anna']);
      expect(err).toBe('');
    });

    it('leaves out those that have expired', async () => {
      await logIn('anna');
      await app.age(DAY);
      expect(await file.run(['list'])).toEqual({ code: 0, out: 'There is no live session.\n', err: '' });
      expect(await json('list')).toEqual([]);
    });

    it.each([['list'], ['list', '--user', 'anna']])(
      '%s %s shows the devices, also if one of them cannot be decrypted',
      async (...words) => {
        await logIn('anna', 'anna');
        const rows = await app.run('select session_id from {table} order by created_at desc');
        const [newest, oldest] = rows.map(({ session_id: key }) => String(key));
        const codec = new SessionCodec(new SmartSessionOptions({ secret: 'x', encryption: { keys: [KEY] } }));
        const [agent, address] = [
          sealDevice(codec, newest!, 'user_agent', 'Firefox \u001b[2J\u202e'),
          sealDevice(codec, newest!, 'ip_address', '2001:db8::1'),
        ];
        await app.run(`update {table} set user_agent = '${agent}', ip_address = '${address}' where session_id = '${newest}'`);
        await app.run(`update {table} set user_agent = 'sealed.1.00000000.AAAA' where session_id = '${oldest}'`);
        const options = { devices: { ip: 'full' as const }, userId: 'user', encryption: { keys: [KEY], readPlaintext: true } };
        const given = await OptionsFile.write(database, tableName, { ...file.options, ...options });
        const { out } = await given.run(words);
        const listed = JSON.parse((await given.run([...words, '--json'])).out) as object[];
        await given.remove();
        const device = { deviceName: null, deviceLabel: null, lastSeenAt: expect.any(String) };
        expect(listed).toMatchObject([
          { ...device, userAgent: 'Firefox \u001b[2J\u202e', ipAddress: '2001:db8::1' },
          { ...device, userAgent: null, ipAddress: null },
        ]);
        const lines = out.split('\n').map((line) => line.trim().split(/ {2,}/));
        expect(lines[0]!.slice(-3)).toEqual(['SEEN', 'IP', 'DEVICE']);
        expect(lines.slice(1, 3).map((cells) => cells.slice(-2))).toEqual([
          ['2001:db8::1', String.raw`Firefox \u001b[2J\u202e`],
          ['-', '-'],
        ]);
      },
    );

    it.each([
      [['list'], ['ben', 'anna', 'anna']],
      [
        ['list', '--user', 'anna'],
        ['anna', 'anna'],
      ],
    ])('%j has a limit', async (words, users) => {
      await logIn('anna', 'anna', 'ben');
      const lines = async (limit: number) => {
        const { out, err } = await file.run([...words, '--limit', `${limit}`]);
        return { shown: out.split('\n').length - 2, err };
      };
      const more = 'Only the newest session is listed. Give a higher --limit to see more.\n';
      expect(await lines(1)).toEqual({ shown: 1, err: more });
      expect(await lines(users.length)).toEqual({ shown: users.length, err: '' });
    });

    it('shows 50 of all users, and every one of a user', async () => {
      const key = storageKeyIn(await app.browser({ user: 'anna' }));
      // Copies of a row, because 50 logins take long.
      const others = 'user_id, data, commit_id, created_at, updated_at, expires_at';
      const copies = Array.from({ length: 50 }, (_, n) => `select '${n}', ${others} from {table} where session_id = '${key}'`);
      await app.run(`insert into {table} (session_id, ${others}) ${copies.join(' union all ')}`);
      expect(await app.rows()).toBe(51);
      expect((await file.run(['list'])).err).toBe('Only the newest 50 sessions are listed. Give a higher --limit to see more.\n');
      expect((await file.run(['list', '--user', 'anna'])).out.split('\n')).toHaveLength(53);
    });
  });

  describe('show', () => {
    it('shows everything but the values', async () => {
      const browser = await app.browser({ user: 'anna', secretWord: 'hush', cart: ['tea', 'ä'] });
      await browser.post('/set', { more: 1 });
      await browser.post('/remember', { maxAge: 3_600_000 });
      const handle = handleOf(storageKeyIn(browser));
      const [listed] = (await json('list', '--user', 'anna')) as object[];
      const found = await json('show', handle);
      expect(found).toEqual({
        ...listed,
        userId: 'anna',
        lastSeenAt: null,
        maxAge: 3_600_000,
        commits: 3,
        lockedUntil: null,
        watchedUntil: null,
        userAgent: null,
        ipAddress: null,
        deviceLabel: null,
        cookieAttributes: null,
        bytes: Buffer.byteLength(JSON.stringify({ user: 'anna', secretWord: 'hush', cart: ['tea', 'ä'], more: 1 })),
        encryption: { isSealed: false, keyId: null, isFirstKey: null },
        keys: [
          { name: 'cart', bytes: 12 },
          { name: 'secretWord', bytes: 6 },
          { name: 'user', bytes: 6 },
          { name: 'more', bytes: 1 },
        ],
        unreadable: null,
      });
      const { out } = await file.run(['show', handle]);
      expect(out).toMatch(/^Key "cart" +12 bytes$/m);
      expect(out).toMatch(/^Max age +3,600 s$/m);
      for (const secret of ['hush', 'tea', sessionIdOf(browser), storageKeyIn(browser)]) expect(out).not.toContain(secret);
    });

    it('shows a lock, and the columns of the device', async () => {
      const browser = await app.browser();
      const soon = app.context.dialect.fromNow('60000');
      await app.run(
        `update {table} set lease_id = 'x', lease_expires_at = ${soon}, last_seen_at = ${soon}, watched_until = ${soon}, ` +
          "user_agent = 'Firefox', ip_address = '::1', device_label = 'my phone', cookie_attributes = 'sealed.1.x'",
      );
      const found = await json('show', handleOf(storageKeyIn(browser)));
      const time = (found as { lockedUntil: string }).lockedUntil;
      expect(Math.abs(Date.parse(time) - Date.now() - 60_000)).toBeLessThan(30_000);
      expect(found).toMatchObject({
        lastSeenAt: time,
        watchedUntil: time,
        userAgent: 'Firefox',
        ipAddress: '::1',
        deviceLabel: 'my phone',
      });
      expect(found).toMatchObject({ cookieAttributes: '(sealed)' });
      const { out } = await file.run(['show', handleOf(storageKeyIn(browser))]);
      expect(out).toMatch(new RegExp(`^Locked +until ${time}$`, 'm'));
      expect(out).toMatch(/^Device +my phone$/m);
    });

    it('says how it is encrypted, and needs the key for its keys', async () => {
      const sealed = await OptionsFile.write(database, tableName, { ...file.options, encryption: { keys: [KEY], readPlaintext: true } });
      const sealing = await SessionsApp.start(database, { ...sealed.options });
      const browser = await sealing.browser({ user: 'anna' });
      await sealing.app.close();
      const words = ['show', handleOf(storageKeyIn(browser)), '--json'];
      const [readable, hidden] = [JSON.parse((await sealed.run(words)).out), JSON.parse((await file.run(words)).out)] as [object, object];
      await sealed.remove();
      const keyId = expect.stringMatching(/^[0-9a-f]{8}$/);
      expect(readable).toMatchObject({ encryption: { isSealed: true, keyId, isFirstKey: true }, keys: [{ name: 'user', bytes: 6 }] });
      expect(hidden).toMatchObject({
        encryption: { isSealed: true, keyId, isFirstKey: false },
        keys: null,
        unreadable: expect.stringMatching('the option `encryption` is not set'),
      });
    });

    it('reads a table of layout 1', async () => {
      const old = `${tableName}_1`;
      const { runner } = app.context;
      await makeLayout1(database, runner.run, old);
      const { dialect } = app.context;
      await runner.run(
        `insert into ${dialect.quote(old)} (session_id, data, created_at, updated_at, expires_at) values ('k', '{', ${dialect.now}, ${dialect.now}, ${dialect.fromNow('60000')})`,
      );
      const { out } = await file.run(['show', handleOf('k'), '--table', old, '--json']);
      await dropTables(database, runner.run, old);
      expect(JSON.parse(out)).toMatchObject({ lastSeenAt: null, maxAge: null, keys: null, unreadable: 'Its data is not JSON.' });
    });

    it('finds a session among many, and says if there is none', async () => {
      await app.browser({ user: 'anna' });
      const browser = await app.browser({ user: 'ben' });
      const handle = handleOf(storageKeyIn(browser));
      expect(await json('show', handle)).toMatchObject({ userId: 'ben' });
      await browser.post('/destroy', {});
      await app.sessions.destroy(sessionIdOf(browser));
      expect(await file.run(['show', handle])).toEqual({ code: 1, out: '', err: `smart-session: there is no live session ${handle}.\n` });
    });

    it('takes a handle that begins with a dash', async () => {
      let id = 0;
      while (!handleOf(storageKeyOf(`${id}`)).startsWith('-')) id++;
      const handle = handleOf(storageKeyOf(`${id}`));
      expect((await file.run(['show', handle])).err).toBe(`smart-session: there is no live session ${handle}.\n`);
    });
  });

  describe('prune --dry-run', () => {
    it('counts what would be deleted, and deletes nothing', async () => {
      await app.browser();
      await app.browser();
      await app.age(DAY + 1000);
      await app.browser();
      expect(await file.run(['prune', '--dry-run'])).toEqual({ code: 0, out: 'Would delete 2 expired sessions.\n', err: '' });
      expect(await json('prune', '--dry-run')).toEqual({ dryRun: true, deleted: 2 });
      expect(await app.rows()).toBe(3);
      expect(await json('prune')).toEqual({ dryRun: false, deleted: 2 });
      expect(await json('prune', '--dry-run')).toEqual({ dryRun: true, deleted: 0 });
    });
  });
});
