import { EventEmitter, on } from 'node:events';
import { Args, Context, Int, Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import type { Request } from 'express';
import { LockSession, SessionService } from 'nestjs-smart-session';
import type { Connection } from './connection.js';
import './session-data.js';

@Resolver()
export class ShopResolver {
  /** Emits the id of a session whose basket was stored. Several processes need a broker, such as Redis. */
  private readonly changes = new EventEmitter().setMaxListeners(0);

  constructor(private readonly sessions: SessionService) {}

  @Query(() => String, { nullable: true })
  name(@Context('req') { session }: Request): string | undefined {
    return session.name;
  }

  @Query(() => [String])
  basket(@Context('req') { session }: Request): string[] {
    return session.basket ?? [];
  }

  /** The response waits for the commit. */
  @Mutation(() => String)
  rename(@Context('req') { session }: Request, @Args('name') name: string): string {
    return (session.name = name);
  }

  /** Commits before the event, because a subscription reads what is stored. */
  @Mutation(() => [String])
  async addToBasket(@Context('req') { session }: Request, @Args('sku') sku: string): Promise<string[]> {
    const basket = await this.sessions.update(session, (draft) => (draft.basket = [...(draft.basket ?? []), sku]));
    this.changes.emit(session.id);
    return basket;
  }

  /** Runs for one request of the session after the other. */
  @Mutation(() => Int)
  @LockSession()
  async checkout(@Context('req') { session }: Request): Promise<number> {
    const bought = session.basket ?? [];
    await payFor(bought);
    delete session.basket;
    return bought.length;
  }

  @Mutation(() => Boolean)
  async logout(@Context('req') { session }: Request): Promise<boolean> {
    await this.sessions.destroy(session.id);
    this.changes.emit(session.id);
    return true;
  }

  /** Sends the basket whenever it has changed. A WebSocket outlives its session, so it has only the id. */
  @Subscription(() => [String], {
    resolve(this: ShopResolver, _change: unknown, _args: unknown, { req }: { req: Connection }): Promise<string[]> {
      return this.show(req);
    },
  })
  basketChanged(@Context('req') { extra }: Connection): AsyncIterable<unknown> {
    return on(this.changes, extra.sessionId!);
  }

  private async show({ extra }: Connection): Promise<string[]> {
    try {
      return await this.sessions.update(extra.sessionId!, (draft) => {
        draft.shown = (draft.shown ?? 0) + 1;
        return draft.basket ?? [];
      });
    } catch (error) {
      // GraphQL sends the message of an error to the client.
      throw new Error('The basket cannot be shown.', { cause: error });
    }
  }
}

async function payFor(_skus: readonly string[]): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 10));
}
