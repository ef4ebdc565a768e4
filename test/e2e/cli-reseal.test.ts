import { randomBytes } from 'node:crypto';
import { SmartSessionOptions, type DatabaseContext, type EncryptionOptions, type RunStatement } from '../../src/index.js';
import { Resealer } from '../../src/cli/resealer.js';
import { openDevice, sealDevice } from '../../src/codec/device-text.js';
import { SessionCodec } from '../../src/codec/session.codec.js';
import { OptionsFile, cli } from '../support/cli.js';
import { ONE_PER_SERVER } from '../support/databases.js';
import { SessionsApp, sessionIdOf, storageKeyIn } from '../support/sessions-app.js';

const newKey = () => randomBytes(32).toString('base64');
const [FRESH, OLD] = [newKey(), newKey()];

const codecOf = (keys: string[]) => new SessionCodec(new SmartSessionOptions({ secret: 'x', encryption: { keys } }));

describe.each(ONE_PER_SERVER)('smart-session reseal, on %s', (database) => {
  const tableName = `cli_reseal_${database}`;
  let app: SessionsApp;
  let file: OptionsFile;

  /** Writes the options of the app with other keys. */
  const optionsWith = (encryption: EncryptionOptions | undefined, more: object = {}) =>
    OptionsFile.write(database, tableName, { ...file?.options, encryption, ...more });

  beforeAll(async () => {
    file = await OptionsFile.write(database, tableName, { encryption: { keys: [FRESH, OLD], readPlaintext: true } });
    app = await SessionsApp.start(database, {
      ...file.options,
      createTable: true,
      encryption: { keys: [OLD, FRESH], readPlaintext: true },
    });
  });
  beforeEach(() => app.clear());
  afterAll(async () => {
    await app.close();
    await file.remove();
  });

  const keyIds = async () => (await app.run('select substr(data, 1, 18) as seal from {table} order by session_id')).map(({ seal }) => seal);
  const rows = () =>
    app.run(
      'select session_id, lock_version, commit_id, user_id, max_age, created_at, updated_at, expires_at from {table} order by session_id',
    );

  it('encrypts the rows of another key, and those that are not encrypted', async () => {
    const browsers = [await app.browser({ user: 'anna' }), await app.browser({ user: 'ben' }), await app.browser({ c: 1 })];
    await app.run(`update {table} set data = '{"c":1}' where session_id = '${storageKeyIn(browsers[2]!)}'`);
    const before = await rows();

    expect(await file.run(['reseal', '--dry-run'])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^Would encrypt 3 sessions with the key [0-9a-f]{8}\.\n$/),
    });
    const { out } = await file.run(['reseal', '--json']);
    const result = JSON.parse(out) as { keyId: string };
    expect(result).toEqual({ dryRun: false, keyId: expect.any(String), resealed: 3, left: 0, refused: 0, refusedDevices: 0 });
    expect(await keyIds()).toEqual(Array(3).fill(`sealed.1.${result.keyId}.`));
    expect(await rows()).toEqual(before);
    expect(await Promise.all(browsers.map((browser) => browser.session()))).toEqual([{ user: 'anna' }, { user: 'ben' }, { c: 1 }]);
    expect(await file.run(['reseal'])).toEqual({ code: 0, out: `Encrypted 0 sessions with the key ${result.keyId}.\n`, err: '' });
  });

  it('encrypts what is stored about devices, also if only that has another key', async () => {
    const browser = await app.browser({ user: 'anna' });
    const key = storageKeyIn(browser);
    const [old, fresh] = [[OLD, FRESH], [FRESH]].map((keys) => codecOf(keys));
    await app.run(
      `update {table} set data = '${fresh!.seal(key, '{"user":"anna"}')}', user_agent = '${sealDevice(old!, key, 'user_agent', 'Firefox')}' ` +
        `where session_id = '${key}'`,
    );
    expect(JSON.parse((await file.run(['reseal', '--json'])).out)).toMatchObject({ resealed: 1, left: 0, refused: 0 });
    const [row] = await app.run('select user_agent, ip_address from {table}');
    expect([openDevice(fresh!, key, 'user_agent', String(row!.user_agent)), row!.ip_address]).toEqual(['Firefox', null]);
    expect(JSON.parse((await file.run(['reseal', '--json'])).out)).toMatchObject({ resealed: 0 });
    expect(await browser.session()).toEqual({ user: 'anna' });
  });

  it('encrypts a session whose device cannot be decrypted, and leaves the device as it is', async () => {
    const browser = await app.browser({ user: 'anna' });
    const key = storageKeyIn(browser);
    const [old, lost] = [[OLD, FRESH], [newKey()]].map((keys) => codecOf(keys));
    const texts = [sealDevice(lost!, key, 'user_agent', 'Firefox'), sealDevice(old!, key, 'device_label', 'Phone')];
    await app.run(`update {table} set user_agent = '${texts[0]}', device_label = '${texts[1]}'`);
    const run = await file.run(['reseal', '--json']);
    expect([run.code, JSON.parse(run.out)]).toMatchObject([1, { resealed: 1, left: 0, refused: 0, refusedDevices: 1 }]);
    expect(run.err).toMatch(/^The device of session \S{8}… stays as it is: .*it is encrypted with the key [0-9a-f]{8}, which is not in/);
    expect(run.err).toMatch(/smart-session: reseal: the device of 1 session cannot be decrypted\.\n$/);
    const [row] = await app.run('select data, user_agent, device_label from {table}');
    const fresh = codecOf([FRESH]);
    expect(fresh.open(key, String(row!.data))).toBe('{"user":"anna"}');
    expect([row!.user_agent, openDevice(fresh, key, 'device_label', String(row!.device_label))]).toEqual([texts[0], 'Phone']);
    const again = await file.run(['reseal', '--json']);
    expect([again.code, JSON.parse(again.out)]).toMatchObject([1, { resealed: 0, refusedDevices: 1 }]);
  });

  it('does not write in a dry run', async () => {
    await app.browser();
    const before = await app.run('select data from {table}');
    await file.run(['reseal', '--dry-run']);
    expect(await app.run('select data from {table}')).toEqual(before);
  });

  it('shows its progress', async () => {
    await app.browser();
    await app.browser();
    const { err } = await file.run(['reseal'], { seesBar: true });
    expect(err).toBe(`\r[${'#'.repeat(30)}] 2 of 2 sessions\r`);
  });

  it('loses no change of a request that has loaded the session before', async () => {
    const browser = await app.browser({ a: 1 });
    const slow = (await app.sessions.load(sessionIdOf(browser)))!;
    await file.run(['reseal']);
    await app.sessions.commit(Object.assign(slow, { b: 2 }));
    expect(await browser.session()).toEqual({ a: 1, b: 2 });
  });

  it('loses no change of a request with pessimistic locking that has loaded the session before', async () => {
    const browser = await app.browser({ a: 1 });
    const pessimistic = await SessionsApp.start(database, { ...file.options, locking: 'pessimistic' });
    const slow = (await pessimistic.sessions.load(sessionIdOf(browser)))!;
    await app.sessions.update(sessionIdOf(browser), (draft) => Object.assign(draft, { b: 2 }));
    await file.run(['reseal']);
    await pessimistic.sessions.commit(Object.assign(slow, { c: 3 }));
    await pessimistic.app.close();
    expect(await browser.session()).toEqual({ a: 1, b: 2, c: 3 });
  });

  it('loses no change of a request between its read and its write', async () => {
    const browser = await app.browser({ a: 1 });
    let changes = 0;
    const context = withRun(async (run, sql, parameters) => {
      if (sql.startsWith('update') && changes++ < 2) await browser.post('/set', { [`late${changes}`]: changes });
      return run(sql, parameters);
    });
    expect(await reseal(context)).toEqual({ resealed: 1, left: 0 });
    expect(await browser.session()).toEqual({ a: 1, late1: 1, late2: 2 });
  });

  it('continues after an abort', async () => {
    for (let n = 0; n < 3; n++) await app.browser();
    let writes = 0;
    const broken = withRun((run, sql, parameters) => {
      if (sql.startsWith('update') && ++writes === 2) throw new Error('The plug was pulled.');
      return run(sql, parameters);
    });
    await expect(reseal(broken)).rejects.toThrow('The plug was pulled.');
    const { out } = await file.run(['reseal', '--json']);
    expect(JSON.parse(out)).toMatchObject({ left: 0, refused: 0 });
    expect(new Set(await keyIds()).size).toBe(1);
    expect(JSON.parse((await file.run(['reseal', '--json'])).out)).toMatchObject({ resealed: 0 });
  });

  it('gives up on a row that changes each time', async () => {
    await app.browser();
    const busy = withRun(async (run, sql, parameters) => (sql.startsWith('update') ? { rows: [], affected: 0 } : run(sql, parameters)));
    expect(await reseal(busy)).toEqual({ resealed: 0, left: 1 });
  });

  it('reports rows that it cannot decrypt, and encrypts the others', async () => {
    const [anna, ben, damaged] = [await app.browser({ user: 'anna' }), await app.browser({ user: 'ben' }), await app.browser({ c: 1 })];
    const foreign = await optionsWith({ keys: [newKey()] });
    const other = await SessionsApp.start(database, foreign.options);
    const stranger = await other.browser({ d: 1 });
    await other.app.close();
    await foreign.remove();
    await app.run(`update {table} set data = '{"plain":1}' where session_id = '${storageKeyIn(ben)}'`);
    await app.run(`update {table} set data = 'sealed.1.cut' where session_id = '${storageKeyIn(damaged)}'`);
    const strict = await optionsWith({ keys: [FRESH, OLD] });
    const { code, out, err } = await strict.run(['reseal', '--json']);
    await strict.remove();
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ resealed: 1, left: 0, refused: 3 });
    const lineOf = (browser: typeof anna) => err.split('\n').find((line) => line.includes(storageKeyIn(browser).slice(0, 8)));
    expect(lineOf(ben)).toMatch('stays as it is: ');
    expect(lineOf(ben)).toMatch('it is not encrypted');
    expect(lineOf(damaged)).toMatch('its data was cut off or changed');
    expect(lineOf(stranger)).toMatch(/it is encrypted with the key [0-9a-f]{8}, which is not in/);
    expect(err).toMatch(/smart-session: reseal: 3 sessions cannot be decrypted and stay as before\.\n$/);
    expect(await anna.session()).toEqual({ user: 'anna' });
  });

  it.each([
    [undefined, 'reseal: the options have no `encryption`. Add it with its keys to the file that --options names.'],
    [
      { keys: [FRESH], readPlaintext: true, writePlaintext: true },
      'reseal: `encryption.writePlaintext` is true, so the app encrypts nothing. Remove it from the options first.',
    ],
  ])('refuses the options %j', async (encryption, message) => {
    const wrong = await optionsWith(encryption);
    const run = await wrong.run(['reseal']);
    await wrong.remove();
    expect(run).toEqual({ code: 2, out: '', err: `smart-session: ${message}\n` });
  });

  /** Returns the database with another way to run statements. */
  function withRun(run: (run: RunStatement, ...statement: Parameters<RunStatement>) => ReturnType<RunStatement>): DatabaseContext {
    const { context } = app;
    const runner = { run: (...statement: Parameters<RunStatement>) => run(context.runner.run, ...statement) };
    return Object.assign(Object.create(context) as DatabaseContext, { runner });
  }

  function reseal(context: DatabaseContext) {
    const codec = new SessionCodec(new SmartSessionOptions({ secret: 'test', encryption: { keys: [FRESH, OLD], readPlaintext: true } }));
    return new Resealer(context, codec, codec.sealingKeyId!, { refused: () => {}, progressed: () => {} }).run(false);
  }
});

it('smart-session reseal needs --options', async () => {
  expect(await cli(['reseal'])).toEqual({ code: 2, out: '', err: expect.stringMatching('reseal: --options is missing') });
});
