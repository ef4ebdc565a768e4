import { writeFile } from 'node:fs/promises';
import { SmartSessionOptions, type SmartSessionModuleOptions } from '../../src/index.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { handleOf } from '../../src/security/session-handle.js';
import { OptionsFile } from '../support/cli.js';
import { ONE_PER_SERVER } from '../support/databases.js';
import { Gathering, GatheringModule } from '../support/gathering.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { SessionsApp, sessionIdOf, storageKeyIn } from '../support/sessions-app.js';

const HOUR = 60 * 60_000;
const [KEY, OTHER] = [0, 100].map((from) => Buffer.from(Array.from({ length: 32 }, (_, n) => n + from))) as [Buffer, Buffer];
const settings = { imports: [GatheringModule] };

describe.each(REPOSITORY_CASES)('the data of a user on $database, $locking, $name', ({ database, locking, repository, n }) => {
  let app: SessionsApp;
  const options = { locking, repository, userId: 'user', devices: true } as const;

  beforeAll(async () => {
    app = await SessionsApp.start(database, { tableName: `data_${database}_${n}`, ...options }, settings);
  });
  beforeEach(async () => {
    await app.clear();
    await app.run('delete from {table}'.replace('{table}', app.context.dialect.quote(`data_${database}_${n}_leases`)));
  });
  afterAll(() => app.close());

  const leases = async () =>
    (await app.run(`select name from ${app.context.dialect.quote(`data_${database}_${n}_leases`)} order by name`)).map(({ name }) => name);

  it('is exported whole, also expired rows, and no other user’s', async () => {
    const old = await app.browser({ user: 'anna', cart: ['tea'] });
    await app.age(25 * HOUR);
    const [own] = [await app.browser({ user: 'anna', nested: { a: [1, null, 'ü'] } }), await app.browser({ user: 'Anna' })];
    const { handle } = (await app.sessions.list({ userId: 'anna' }))[0]!;
    await app.sessions.labelDevice({ userId: 'anna', handle, label: 'Phone' });
    const exported = await app.sessions.exportUser('anna');
    const shown = { userAgent: null, ipAddress: null, unreadable: null };
    expect(exported).toEqual({
      userId: 'anna',
      sessions: [
        { ...times, ...shown, handle, deviceLabel: 'Phone', data: { user: 'anna', nested: { a: [1, null, 'ü'] } } },
        { ...times, ...shown, handle: handleOf(storageKeyIn(old)), deviceLabel: null, data: { user: 'anna', cart: ['tea'] } },
      ],
    });
    expect(JSON.parse(JSON.stringify(exported))).toEqual(exported);
    expect(Date.parse(exported.sessions[1]!.expiresAt)).toBeLessThan(Date.now());
    expect(JSON.stringify(exported)).not.toContain(sessionIdOf(own!));
    expect(JSON.stringify(exported)).not.toContain(storageKeyIn(own!));
    expect(await app.sessions.exportUser('nobody')).toEqual({ userId: 'nobody', sessions: [] });
  });

  it('is erased whole, also expired rows, and no other user’s', async () => {
    await app.browser({ user: 'anna' });
    await app.age(25 * HOUR);
    const [own, other, guest] = [await app.browser({ user: 'anna' }), await app.browser({ user: 'Anna' }), await app.browser({ cart: 1 })];
    expect(await app.sessions.eraseUser('anna')).toBe(2);
    expect([await own.session(), await other.session(), await guest.session()]).toEqual([{}, { user: 'Anna' }, { cart: 1 }]);
    expect([await app.rows(), await app.sessions.eraseUser('anna')]).toEqual([2, 0]);
    expect((await app.sessions.exportUser('anna')).sessions).toEqual([]);
  });

  it('is not stored again by 50 requests that are in flight', async () => {
    const browsers = await Promise.all(Array.from({ length: 5 }, () => app.browser({ user: 'anna' })));
    const writes = await Gathering.of(Array.from({ length: 50 }, (_, i) => [browsers[i % 5]!, { [`late${i}`]: 1 }] as const));
    expect(await app.sessions.eraseUser('anna')).toBe(5);
    await writes.go();
    expect([await app.rows(), await app.sessions.exportUser('anna')]).toEqual([0, { userId: 'anna', sessions: [] }]);
  });

  it('loses its leases, and work that runs under one stores nothing', async () => {
    const [own, other] = [await app.browser({ user: 'anna' }), await app.browser({ user: 'berta' })];
    await app.sessions.once(sessionIdOf(other), 'of-berta', { work: (draft) => void Object.assign(draft, { done: 1 }) });
    const erased = app.sessions.once(sessionIdOf(own), 'of-anna', {
      work: async (draft) => {
        Object.assign(draft, { done: 1 });
        expect(await leases()).toEqual(['flight:of-anna', 'flight:of-berta'].map((name) => expect.stringContaining(name.slice(7))));
        await app.sessions.eraseUser('anna');
        expect(await leases()).toEqual([expect.stringContaining('of-berta')]);
      },
    });
    await expect(erased).rejects.toMatchObject({ name: expect.stringMatching(/^Session(Gone|LockLost)Error$/) });
    expect([await app.rows(), await other.session()]).toEqual([1, { user: 'berta', done: 1 }]);
  });

  it('is refused without a user id', async () => {
    for (const call of [() => app.sessions.exportUser(undefined as never), () => app.sessions.eraseUser('')])
      await expect(call()).rejects.toMatchObject({ name: 'SessionUserIdError' });
  });

  it('is found in more rows than one statement deletes', async () => {
    const key = storageKeyIn(await app.browser({ user: 'anna' }));
    const columns = 'data, commit_id, user_id, created_at, updated_at, expires_at';
    const copies = Array.from({ length: 1200 }, (_, i) => `select 'old-${i}', ${columns} from {table} where session_id = '${key}'`);
    for (let first = 0; first < copies.length; first += 200)
      await app.run(`insert into {table} (session_id, ${columns}) ${copies.slice(first, first + 200).join(' union all ')}`);
    await app.run(`update {table} set expires_at = ${app.context.dialect.fromNow('-1000')} where session_id <> '${key}'`);
    expect(await app.sessions.eraseUser('anna')).toBe(1201);
    expect(await app.rows()).toBe(0);
  });
});

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const times = { createdAt: time, updatedAt: time, lastSeenAt: time, expiresAt: time };

describe.each(ONE_PER_SERVER)('the data of a user on the command line, on %s', (database) => {
  const tableName = `cli_data_${database}`;
  const encryption = { keys: [KEY.toString('base64')] };
  let file: OptionsFile;
  let app: SessionsApp;

  const write = (options: SmartSessionModuleOptions = {}) =>
    OptionsFile.write(database, tableName, { ...file?.options, userId: 'user', devices: { ip: 'full' }, encryption, ...options });
  beforeAll(async () => {
    file = await write();
    app = await SessionsApp.start(database, { ...file.options, createTable: true });
  });
  beforeEach(() => app.clear());
  afterAll(async () => {
    await app.close();
    await file.remove();
  });

  it('is exported as JSON', async () => {
    await app.browser({ user: 'anna', cart: ['tea'] });
    const { code, out, err } = await file.run(['export-user', '--user', 'anna', '--json']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out)).toMatchObject({
      userId: 'anna',
      sessions: [{ ipAddress: '127.0.0.1', data: { user: 'anna', cart: ['tea'] } }],
    });
  });

  it('is exported as far as it can be read, with the exit code 1', async () => {
    const [whole, broken] = [await app.browser({ user: 'anna' }), await app.browser({ user: 'anna' })];
    const key = storageKeyIn(broken);
    const codec = new SessionCodec(new SmartSessionOptions({ secret: 'x', encryption: { keys: [OTHER] } }));
    await app.run(
      `update {table} set data = '${codec.seal(key, '{"user":"anna"}')}', ip_address = 'sealed.1.x' where session_id = '${key}'`,
    );
    const { code, out, err } = await file.run(['export-user', '--user', 'anna']);
    expect({ code, err }).toEqual({ code: 1, err: 'smart-session: export-user: 1 session of user "anna" cannot be read.\n' });
    const sessions = (JSON.parse(out) as { sessions: { handle: string }[] }).sessions;
    expect(sessions.find(({ handle }) => handle === handleOf(key))).toMatchObject({
      data: null,
      ipAddress: null,
      unreadable: expect.stringContaining('which is not in `encryption.keys`'),
    });
    expect(sessions.find(({ handle }) => handle === handleOf(storageKeyIn(whole)))).toMatchObject({
      data: { user: 'anna' },
      unreadable: null,
    });
    expect(await file.run(['erase-user', '--user', 'anna', '--yes'])).toMatchObject({
      code: 0,
      out: 'Erased 2 sessions of user "anna".\n',
    });
  });

  it.each([
    ['export-user', [], 'export-user: --user is missing.'],
    ['erase-user', [], 'erase-user: --user is missing.'],
    ['erase-user', ['--user', 'anna'], 'there is no terminal to confirm that everything about user "anna" is erased. Give --yes.'],
  ])('%s %j is a wrong command line', async (command, words, said) => {
    const browser = await app.browser({ user: 'anna' });
    expect(await file.run([command, ...words])).toEqual({ code: 2, out: '', err: expect.stringContaining(said) });
    expect(await browser.session()).toEqual({ user: 'anna' });
  });

  it.each([
    ['n', [], 'Nothing was erased.', '', 1],
    ['', ['--json'], 'Nothing was erased.', '{\n  "erased": 0\n}\n', 1],
    ['y', [], '', 'Erased 1 session of user "anna".\n', 0],
    ['yes', ['--json'], '', '{\n  "erased": 1\n}\n', 0],
  ])('is erased after the answer %j, %j', async (answer, words, note, out, rows) => {
    await app.browser({ user: 'anna' });
    const run = await file.run(['erase-user', '--user', 'anna', ...words], { answers: [answer] });
    expect(run).toEqual({ code: 0, out, err: expect.stringContaining(note) });
    expect(run.err).toContain('Erase 1 session of user "anna"? [y/N]');
    expect(await app.rows()).toBe(rows);
  });

  it('says that the store before is not included', async () => {
    const moving = await write();
    const none = 'migrateFrom: { get: (id, done) => done(null, null), destroy: (id, done) => done() }';
    await writeFile(moving.path, `export const sessionOptions = { ...${JSON.stringify(moving.options)}, ${none} };\n`);
    for (const words of [['erase-user', '--yes'], ['export-user']])
      expect((await moving.run([...words, '--user', 'anna'])).err).toBe(
        'Sessions that are only in the store of `migrateFrom` are not included. Look for the user there too.\n',
      );
    await moving.remove();
  });

  it('hides nothing from a terminal, and moves no cursor, whatever the rows have', async () => {
    const browser = await app.browser({ user: 'anna' });
    const [escape, bell] = ['\u001b[2J\u009b1A', '\u0007\u202e<b>'];
    const plain = await write({ encryption: undefined, devices: true } as never);
    await app.run(
      `update {table} set data = '{"user":"anna"}', user_agent = '${escape}${'x'.repeat(600)}', device_label = '${bell}', ip_address = '${escape}' ` +
        `where session_id = '${storageKeyIn(browser)}'`,
    );
    const handle = handleOf(storageKeyIn(browser));
    const calls = [
      ['list', '--user', 'anna'],
      ['list', '--user', 'anna', '--json'],
      ['show', handle],
      ['show', handle, '--json'],
      ['export-user', '--user', 'anna'],
    ];
    for (const words of calls) {
      const { code, out, err } = await plain.run(words);
      expect([words[0], code, err]).toEqual([words[0], 0, '']);
      expect(out).not.toMatch(/[^\P{C}\n]/u);
      expect(out).toContain('\\u001b[2J\\u009b1A');
      expect(out).toContain('\\u202e<b>');
    }
    const [listed] = JSON.parse((await plain.run(['list', '--user', 'anna', '--json'])).out) as {
      userAgent: string;
      deviceLabel: string;
    }[];
    expect(listed).toMatchObject({ userAgent: `${escape}${'x'.repeat(600)}`, deviceLabel: bell, ipAddress: escape });
    const { out } = await plain.run(['list', '--user', 'anna']);
    expect(out.split('\n')[0]).toMatch(/^HANDLE +CREATED +UPDATED +EXPIRES +SEEN +IP +DEVICE$/);
    await plain.remove();
  });
});
