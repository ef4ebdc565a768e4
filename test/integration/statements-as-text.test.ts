import { randomUUID } from 'node:crypto';
import { SessionTooLargeError, SmartSessionOptions, type SmartSessionModuleOptions } from '../../src/index.js';
import { REPOSITORY_CASES } from '../support/repository-cases.js';
import { serviceOver } from '../support/service-over.js';
import { SessionsDatabase } from '../support/sessions-database.js';
import { protocolOf } from '../support/protocol-of.js';

type Live = Record<string, any>;

const create = (id: string, values: object): Live => Object.assign(Object.defineProperty({}, 'id', { value: id }), values);

/** Texts that end a name or a string, or begin a parameter, somewhere. */
const INJECTIONS = [
  "'; drop table canary; --",
  '"; drop table canary; --',
  '`; drop table canary; --',
  "\\'; drop table canary; --",
  '$1 :x {y} %s @z',
  "a' or '1'='1",
  '/**/;--#',
  'ü"\'`\\',
];

describe.each(REPOSITORY_CASES)(
  'texts in statements on $database, $locking, $name',
  ({ database: databaseName, repository: Repository, locking, n }) => {
    async function on(
      tableName: string,
      work: (
        database: SessionsDatabase,
        over: (options?: SmartSessionModuleOptions) => ReturnType<typeof serviceOver>['sessions'],
      ) => Promise<void>,
    ): Promise<void> {
      const database = await SessionsDatabase.open(databaseName, tableName);
      try {
        await work(database, (options = {}) => serviceOver(new Repository(database.context), { locking, ...options }).sessions);
      } finally {
        await database.close();
      }
    }

    it('ASVS 1.2.4: ids, keys, values and users are data, and table names are names', async () => {
      const canary = `canary_${databaseName}_${n}`;
      await on(canary, async (canaries, overCanary) => {
        await overCanary().commit(create('canary', { a: 1 }));
        for (const name of INJECTIONS) {
          const text = name.replace('canary', canary);
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(46);
          await on(text, async (_database, over) => {
            const sessions = over({ hashIds: false, userId: 'user' });
            const id = databaseName === 'sqlite' || databaseName === 'postgresql' ? text : text.replaceAll('ü', 'u');
            await sessions.commit(create(id, { [text]: text, user: text }));
            const live = (await sessions.load(id)) as Live;
            await sessions.commit(Object.assign(live, { more: [text] }));
            await protocolOf(sessions).toucher.touch(id, live);
            expect(await sessions.load(id)).toMatchObject({ [text]: text, user: text, more: [text] });
            expect(await sessions.list({ userId: text })).toHaveLength(1);
            expect([await sessions.count(), await sessions.prune()]).toEqual([1, 0]);
            expect(await sessions.destroyAll({ userId: text, except: id })).toBe(0);
            expect(await sessions.destroyAll({ userId: text })).toBe(1);
          });
        }
        expect(await canaries.run('select session_id from {table}')).toHaveLength(1);
      });
    });

    it('refuses a name in which MikroORM would put a value in the place of a question mark', () => {
      for (const option of ['tableName', 'schema'])
        expect(() => new SmartSessionOptions({ secret: 'x', [option]: 'a?b' })).toThrow(/without a question mark/);
    });

    it('ASVS 15.2.2: are stored up to `maxBytes`, and refused beyond, with the old session unchanged', async () => {
      await on(`bytes_${databaseName}_${n}`, async (_database, over) => {
        const frame = Buffer.byteLength('{"a":""}');
        for (const filling of ['x', 'ä', '€']) {
          const size = Buffer.byteLength(filling);
          const maxBytes = frame + 100 * size;
          const sessions = over({ maxBytes });
          const id = randomUUID();
          const live = create(id, { a: filling.repeat(100) });
          await sessions.commit(live);
          live.a += 'x';
          await expect(sessions.commit(live)).rejects.toThrow(SessionTooLargeError);
          expect(await sessions.load(id)).toMatchObject({ a: filling.repeat(100) });
        }
        expect(() => new SmartSessionOptions({ secret: 'x', maxBytes: 0 })).toThrow();
      });
    });
  },
);
