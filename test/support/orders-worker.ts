// One process of an app in which carts are paid, on the databases that its parent names.
import { randomUUID } from 'node:crypto';
import { Controller, Get, Module, Param, Post, Query, Session, type INestApplication } from '@nestjs/common';
import { EntityManager } from '@mikro-orm/core';
import { MikroOrmModule } from '@mikro-orm/nestjs';
import {
  EntityManagerSessionRepository,
  SessionService,
  SmartSessionModule,
  SqlSessionRepository,
  defineSessionEntity,
} from '../../src/index.js';
import { connectionOptions } from './databases.js';
import { orderEntity, place } from './orders.js';
import { PAID_TABLES, type Payment, type PaymentApp, type PaymentCall, type Step } from './payments.js';
import { startTestApp } from './test-app.js';

type Live = Record<string, any> & { readonly id: string };
/** Stops the request if its client has named this step. */
type At = (step: Step) => Promise<void>;

const { sessions: tableName, orders } = PAID_TABLES;
const Order = orderEntity(orders);
const REPOSITORIES = {
  SqlSessionRepository: { locking: 'optimistic', repository: SqlSessionRepository },
  EntityManagerSessionRepository: { locking: 'pessimistic', repository: EntityManagerSessionRepository },
} as const;

/** The requests that have stopped go on when it resolves. */
let released = Promise.withResolvers<void>();

/** Stops once: a transaction may run again. */
function stopper(stop: Step | undefined): At {
  let hasStopped = false;
  return async (step) => {
    if (hasStopped || step !== stop) return;
    hasStopped = true;
    process.send!(step);
    await released.promise;
  };
}

@Controller()
class OrdersController {
  constructor(
    private readonly sessions: SessionService,
    private readonly em: EntityManager,
  ) {}

  @Post('cart') fill(@Session() session: Live): void {
    session.cart = ['a'];
  }

  @Get('cart') async show(@Session() session: Live): Promise<object> {
    return { items: session.cart.length, orders: await this.em.count(Order, { session: session.id }) };
  }

  @Post('pay/:payment') async pay(
    @Session() session: Live,
    @Param('payment') payment: Payment,
    @Query('stop') stop?: Step,
  ): Promise<string> {
    const at = stopper(stop);
    const outcome = payment === 'transactional' ? await this.#payAtOnce(session, at) : await this.#payInTwoSteps(session, at);
    await at('after COMMIT');
    return outcome;
  }

  #payAtOnce(session: Live, at: At): Promise<string> {
    return this.sessions.transactional(session, async (em, draft) => {
      const current = draft as Live;
      if (current.cart.length === 0) return 'empty';
      await this.#order(em, session.id, current.cart, at);
      await at('between the writes');
      current.cart = [];
      return 'paid';
    });
  }

  async #payInTwoSteps(session: Live, at: At): Promise<string> {
    if (session.cart.length === 0) return 'empty';
    await this.em.transactional((em) => this.#order(em, session.id, session.cart, at));
    await at('between the writes');
    session.cart = [];
    await this.sessions.commit(session);
    return 'paid';
  }

  async #order(em: EntityManager, session: string, items: readonly string[], at: At): Promise<void> {
    await at('before the order');
    place(em, Order, { id: randomUUID(), session, items: items.join() });
    await em.flush();
    em.getEventManager().registerSubscriber({ beforeTransactionCommit: () => at('before COMMIT') });
  }
}

@Module({ controllers: [OrdersController] })
class OrdersModule {}

let app: INestApplication | undefined;

/** Returns the address of the app. */
async function start({ database, repository, connection }: PaymentApp): Promise<string> {
  const entities = [defineSessionEntity({ tableName }), Order];
  const orm = MikroOrmModule.forRoot(connectionOptions(database, { ...connection, entities, allowGlobalContext: false }) as never);
  const module = SmartSessionModule.forRoot({ secret: 'test', tableName, createTable: true, ...REPOSITORIES[repository] });
  app = await startTestApp(database, { imports: [orm, OrdersModule], module });
  return app.getUrl();
}

async function answerTo(call: PaymentCall): Promise<string> {
  if (typeof call === 'object') return start(call);
  if (call === 'close') await app?.close();
  released.resolve();
  released = Promise.withResolvers();
  return call;
}

process.on('message', (call: PaymentCall) => void answerTo(call).then((answer) => process.send!(answer)));
process.on('disconnect', () => process.exit());
