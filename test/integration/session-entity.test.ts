import { MikroORM, type AbstractSqlConnection } from '@mikro-orm/sql';
import { DIALECTS } from '../../src/dialects/index.js';
import { defineSessionEntity, defineSessionLeaseEntity } from '../../src/persistence/session.entity.js';
import { StatementRunner } from '../../src/persistence/statement-runner.js';
import { DATABASES, IS_MYSQL, connectionOptions } from '../support/databases.js';
import { describeEach } from '../support/describe-each.js';
import { ownDatabase } from '../support/scratch-database.js';

// MariaDB's catalog spells the default of a nullable column differently: MikroORM's driver for MySQL sees a change where there is none.
describeEach(DATABASES.filter((name) => name !== 'mysql' || IS_MYSQL))('SessionEntity on %s', (name) => {
  const dialect = DIALECTS[name];
  const tableName = `entity_${name}`;
  const own = ownDatabase(name, tableName);

  it('describes the very table that createTable makes', async () => {
    const orm = await MikroORM.init(
      connectionOptions(name, { ...own, entities: [defineSessionEntity({ tableName }), defineSessionLeaseEntity({ tableName })] }),
    );
    const runner = new StatementRunner(() => orm.em.getConnection() as AbstractSqlConnection);
    try {
      await runner.onOneConnection((run) => dialect.createTable(run, tableName, undefined));
      const difference = await orm.schema.getUpdateSchemaSQL({ safe: true, dropTables: false });
      expect(difference.split('\n').filter((line) => line.includes(tableName))).toEqual([]);
    } finally {
      await orm.close();
    }
  });
});
