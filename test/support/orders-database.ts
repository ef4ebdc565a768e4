import { randomUUID } from 'node:crypto';
import type { EntityManager, MikroORM } from '@mikro-orm/core';
import { defineSessionEntity, type DialectName, type SessionService, type SmartSessionModuleOptions } from '../../src/index.js';
import { createOrders, orderEntity, place, transactionsOf, type Order } from './orders.js';
import type { REPOSITORY_CASES } from './repository-cases.js';
import { serviceOver } from './service-over.js';
import { SessionsDatabase } from './sessions-database.js';

type Live = Record<string, any>;
type Repository = (typeof REPOSITORY_CASES)[number]['repository'];

/** Sessions, and orders of the app on the same connections. */
export class OrdersDatabase {
  /** The id of the session that a test is about. */
  id = randomUUID();
  readonly #Order: ReturnType<typeof orderEntity>;

  private constructor(
    readonly database: SessionsDatabase,
    private readonly Repository: Repository,
    private readonly options: SmartSessionModuleOptions,
    private readonly ordersTable: string,
    Order: ReturnType<typeof orderEntity>,
  ) {
    this.#Order = Order;
  }

  static async open(
    dialect: DialectName,
    tableName: string,
    repository: Repository,
    options: SmartSessionModuleOptions,
  ): Promise<OrdersDatabase> {
    const ordersTable = `${tableName}_orders`;
    const Order = orderEntity(ordersTable);
    const database = await SessionsDatabase.open(dialect, tableName, { entities: [defineSessionEntity({ tableName }), Order] });
    return new OrdersDatabase(database, repository, options, ordersTable, Order);
  }

  /** The app's MikroORM. */
  get orm(): MikroORM {
    return this.database.context.orm!;
  }

  /** Begins with no orders, and with a stored session of a new id. */
  async begin(values: Live): Promise<void> {
    await createOrders(this.database.context, this.ordersTable);
    this.id = randomUUID();
    await this.newProcess().commit(this.newSession(values));
  }

  /** The sessions of another process of the app. */
  newProcess(options = this.options): SessionService {
    const { context } = this.database;
    return serviceOver(new this.Repository(context), options, undefined, undefined, undefined, transactionsOf(context)).sessions;
  }

  /** A session that is not stored yet. */
  newSession(values: Live): Live {
    return Object.assign(Object.defineProperty({}, 'id', { value: this.id }), values) as Live;
  }

  /** The session as it is stored. */
  async stored(): Promise<Live | undefined> {
    return (await this.newProcess().load(this.id)) as Live | undefined;
  }

  /** Places an order when the entity manager is flushed. */
  place(em: EntityManager, items: readonly string[], id: string = randomUUID()): void {
    place(em, this.#Order, { id, session: this.id, items: items.join() });
  }

  /** The orders that are stored. */
  async orders(): Promise<readonly Order[]> {
    const rows = await this.database.run(`select * from ${this.database.context.dialect.quote(this.ordersTable)}`);
    return rows as unknown as Order[];
  }

  /** Gives all leases by name to another process. */
  async stealLeases(): Promise<void> {
    await this.database.run(`update ${this.#leases} set lease_id = 'of another'`);
  }

  /** Removes all leases by name. */
  async clearLeases(): Promise<void> {
    await this.database.run(`delete from ${this.#leases}`);
  }

  async close(): Promise<void> {
    await this.database.run(`drop table if exists ${this.database.context.dialect.quote(this.ordersTable)}`);
    await this.database.close();
  }

  get #leases(): string {
    const { dialect, tableName } = this.database.context;
    return dialect.quote(`${tableName}_leases`);
  }
}
