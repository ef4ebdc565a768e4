import { EntitySchema, type EntityManager, type MikroORM } from '@mikro-orm/core';
import type { RunStatement } from '../../src/dialects/run-statement.js';
import { AppTransactions } from '../../src/persistence/app-transactions.js';
import type { DatabaseContext } from '../../src/persistence/database-context.js';
import { OrmTransactions } from '../../src/persistence/mikro-orm/orm-transactions.js';

/** A row of the app. */
export interface Order {
  id: string;
  session: string;
  items: string;
}

/** Returns the entity of the app's orders in a table. */
export function orderEntity(tableName: string) {
  return new EntitySchema<Order>({
    name: `Order_${tableName}`,
    tableName,
    properties: {
      id: { type: 'string', length: 36, primary: true },
      session: { type: 'string', length: 100 },
      items: { type: 'string', length: 200 },
    },
  });
}

/** Makes the table of orders anew. */
export async function createOrders({ dialect, runner }: DatabaseContext, tableName: string): Promise<void> {
  await makeOrders(runner.run, dialect.quote(tableName));
}

/** Makes a table of orders anew by its quoted name. */
export async function makeOrders(run: RunStatement, table: string): Promise<void> {
  await run(`drop table if exists ${table}`);
  await run(`create table ${table} (id varchar(36) not null primary key, session varchar(100) not null, items varchar(200) not null)`);
}

/** Places an order by an entity manager. */
export function place(em: EntityManager, entity: EntitySchema<Order>, order: Order): void {
  em.persist(em.create(entity, order));
}

/** The transactions of the app on the sessions' connections. */
export function transactionsOf({ orm, dialect }: Pick<DatabaseContext, 'orm' | 'dialect'>): AppTransactions {
  return new AppTransactions(new OrmTransactions(orm as MikroORM, dialect));
}
