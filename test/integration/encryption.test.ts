import { randomBytes, randomUUID } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { SessionDecryptionError, SmartSessionOptions, counter, type EncryptionKey, type EncryptionOptions } from '../../src/index.js';
import { storageKeyOf } from '../../src/codec/storage-key.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = Record<string, any>;

const newKey = () => randomBytes(32);
const create = (id: string, values: object = {}): Live => Object.assign(Object.defineProperty({}, 'id', { value: id }), values);

describe.each(REPOSITORY_CASES)(
  'encryption on $database, $locking, $name',
  ({ database: databaseName, repository: Repository, locking, n }) => {
    let database: SessionsDatabase;

    beforeAll(async () => {
      Logger.overrideLogger(false);
      database = await SessionsDatabase.open(databaseName, `encryption_${databaseName}_${n}`);
    });
    afterAll(() => database.close());

    const over = (encryption: EncryptionOptions | undefined, more: object = {}) =>
      serviceOver(new Repository(database.context), {
        locking,
        ...(encryption ? { encryption } : {}),
        merge: { n: counter() } as never,
        ...more,
      }).sessions;
    const by = (...keys: EncryptionKey[]) => over({ keys });
    const dataOf = async (id: string) =>
      String((await database.run(`select data from {table} where session_id = '${storageKeyOf(id)}'`))[0]?.data);
    const setData = (id: string, data: string) =>
      database.run(`update {table} set data = '${data}' where session_id = '${storageKeyOf(id)}'`);
    const refusal = async (work: Promise<unknown>) => {
      const failure = await work.catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(SessionDecryptionError);
      return String(failure);
    };

    async function given(sessions: ReturnType<typeof by>, values: object): Promise<string> {
      const id = randomUUID();
      await sessions.commit(create(id, values));
      return id;
    }
    const valuesOf = async (sessions: ReturnType<typeof by>, id: string) => {
      const { cookie: _, ...values } = ((await sessions.load(id)) ?? {}) as Live;
      return values;
    };

    it('ASVS 11.3.2: stores no text in the clear, and merges what requests at once have changed', async () => {
      const sessions = by(newKey());
      const id = await given(sessions, { name: 'Anna', list: [1, { deep: 'ä' }] });
      expect(await dataOf(id)).toMatch(/^sealed\.1\.[0-9a-f]{8}\.[A-Za-z0-9+/]+=*$/);
      const live = await Promise.all(Array.from({ length: 12 }, async () => (await sessions.load(id)) as Live));
      await Promise.all(live.map((session, i) => sessions.commit(Object.assign(session, { [`k${i}`]: i, n: 1 }))));
      const values = await valuesOf(sessions, id);
      expect(Object.keys(values)).toHaveLength(15);
      expect(values).toMatchObject({ name: 'Anna', list: [1, { deep: 'ä' }], n: 12, k11: 11 });
      expect(protocolOf(sessions).states.isSettled(live[3]!)).toBe(true);
      for (const text of ['Anna', 'k11', 'deep']) expect(Buffer.from((await dataOf(id)).slice(18), 'base64').includes(text)).toBe(false);
    });

    it('seals the same text otherwise each time, and takes it for unchanged', async () => {
      const sessions = by(newKey());
      const [one, other] = [await given(sessions, { a: 1 }), await given(sessions, { a: 1 })];
      expect(await dataOf(one)).not.toBe(await dataOf(other));
      const live = (await sessions.load(one)) as Live;
      const before = await dataOf(one);
      live.a = 1;
      await sessions.commit(live);
      expect(await dataOf(one)).toBe(before);
    });

    it("ASVS 11.3.3: refuses a record's data in another record, and data that was changed", async () => {
      const sessions = by(newKey());
      const [anna, bert] = [await given(sessions, { user: 'anna' }), await given(sessions, { user: 'bert' })];
      const data = await dataOf(anna);
      await setData(bert, data);
      expect(await refusal(sessions.load(bert))).toContain('was changed, or belongs to another record');
      expect(await valuesOf(sessions, anna)).toEqual({ user: 'anna' });
      for (const at of [9, 20, 40, data.length - 4]) {
        await setData(anna, `${data.slice(0, at)}${data[at] === 'a' ? 'b' : 'a'}${data.slice(at + 1)}`);
        await refusal(sessions.load(anna));
      }
      for (const cut of ['sealed.1.', data.slice(0, 17), data.slice(0, 22), data.slice(0, -8), `${data}!`]) {
        await setData(anna, cut);
        await refusal(sessions.load(anna));
        expect(await dataOf(anna)).toBe(cut);
      }
    });

    it('refuses a commit into a record that does not open any more, and leaves the record', async () => {
      const sessions = by(newKey());
      const id = await given(sessions, { a: 1 });
      const live = (await sessions.load(id)) as Live;
      const foreign = await dataOf(await given(sessions, { a: 'foreign' }));
      await database.run(`update {table} set data = '${foreign}', lock_version = 7 where session_id = '${storageKeyOf(id)}'`);
      await refusal(sessions.commit(Object.assign(live, { b: 1 })));
      await refusal(sessions.update(id, () => 1));
      await refusal(protocolOf(sessions).stored.replace(id, { c: 1 }));
      expect(await dataOf(id)).toBe(foreign);
      expect(await sessions.all()).not.toHaveProperty(storageKeyOf(id));
    });

    it('never takes a wrong or missing key for no session, nor reads what is not sealed', async () => {
      const [right, wrong] = [newKey(), newKey()];
      const id = await given(by(right), { a: 1 });
      const keyId = (await dataOf(id)).split('.')[2]!;
      expect(await refusal(by(wrong).load(id))).toContain(`encrypted with the key ${keyId}, which is not in \`encryption.keys\``);
      expect(await refusal(over(undefined).load(id))).toContain('the option `encryption` is not set');
      expect(await refusal(over(undefined, { serializer: 'rich' }).load(id))).toContain('the option `encryption` is not set');
      const plain = await given(over(undefined), { a: 1 });
      expect(await refusal(by(right).load(plain))).toContain('`encryption.readPlaintext: true`');
    });

    it('takes a table over that is not sealed, and seals what is written', async () => {
      const key = newKey();
      const plain = await given(over(undefined), { a: 1 });
      const migrating = over({ keys: [key], readPlaintext: true });
      const live = (await migrating.load(plain)) as Live;
      expect(await dataOf(plain)).toBe('{"a":1}');
      await migrating.commit(Object.assign(live, { b: 2 }));
      expect(await valuesOf(by(key), plain)).toEqual({ a: 1, b: 2 });
    });

    it('ASVS 11.2.2: keys are rotated under load, and nothing is lost', async () => {
      const [old, fresh] = [newKey(), newKey()];
      const id = await given(by(old), { n: 0 });
      const untouched = await given(by(old), { a: 1 });
      // As a rolling deployment goes: first all can read by the new key, then it seals, then the old one goes.
      const stages = [
        [by(old), by(old, fresh)],
        [by(old, fresh), by(fresh, old)],
        [by(fresh, old), by(fresh)],
      ] as const;
      for (const processes of stages) {
        const oldId = (await dataOf(untouched)).split('.')[2];
        if (processes === stages[2]) await processes[0].commit(Object.assign((await processes[0].load(untouched)) as Live, { b: 1, n: 1 }));
        else expect(oldId).toBe((await dataOf(untouched)).split('.')[2]);
        const clients = Array.from({ length: 8 }, async (_, i) => {
          const sessions = processes[i % 2]!;
          for (let round = 0; round < 3; round++) {
            const live = (await sessions.load(id)) as Live;
            live.n += 1;
            await sessions.commit(live);
          }
        });
        await Promise.all(clients);
        // The next stage begins when the record was written by the newest of this one.
        await processes[1].commit(Object.assign((await processes[1].load(id)) as Live, { stage: stages.indexOf(processes) }));
      }
      expect(await valuesOf(by(fresh), id)).toEqual({ n: 72, stage: 2 });
      expect(await valuesOf(by(fresh), untouched)).toEqual({ a: 1, b: 1, n: 1 });
      await refusal(by(old).load(id));
    });
  },
);

describe('the option `encryption`', () => {
  const hex = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
  const bytes = Buffer.from(hex, 'hex');

  it('takes a key as bytes, hex, base64 and base64url, all of them the same', () => {
    for (const key of [bytes, new Uint8Array(bytes), hex, hex.toUpperCase(), bytes.toString('base64'), bytes.toString('base64url')]) {
      const { encryption } = new SmartSessionOptions({ secret: 'x', encryption: { keys: [key] } });
      expect(encryption?.keys[0]?.export().equals(bytes)).toBe(true);
      expect(encryption?.readPlaintext).toBe(false);
    }
  });

  it.each([
    [{ keys: [] }, /a list of keys/],
    [hex, /a list of keys/],
    [{ keys: hex }, /a list of keys/],
    [{ keys: [undefined] }, /Key 1 of 1 is of type undefined/],
    [{ keys: [bytes, hex.slice(2)] }, /Key 2 of 2 is a string of 62 characters/],
    [{ keys: [bytes.subarray(1)] }, /has 31 bytes/],
    [{ keys: [Buffer.alloc(32, 7)] }, /is not random/],
    [{ keys: ['correct horse battery staple'] }, /a string of 28 characters/],
    [{ keys: [bytes, hex] }, /Key 2 of 2 is given twice/],
    [{ keys: [bytes], key: 1 }, /no `key` in it/],
    [{ keys: [bytes], readPlaintext: 'yes' }, /`readPlaintext`/],
    [{ keys: [bytes], readPlaintext: true, writePlaintext: 'yes' }, /`writePlaintext`/],
    [{ keys: [bytes], writePlaintext: true }, /Give `readPlaintext: true` too/],
    [{ keys: [bytes], readPlaintext: false, writePlaintext: true }, /Give `readPlaintext: true` too/],
  ])('stops the start: %#', (encryption, message) => {
    const start = () => new SmartSessionOptions({ secret: 'x', encryption: encryption as never });
    expect(start).toThrow(message);
    expect(start).toThrow(/option `encryption`/);
    expect(start).not.toThrow(/correct|0102/);
  });
});
