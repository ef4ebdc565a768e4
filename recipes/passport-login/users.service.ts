import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';

export interface User {
  readonly id: string;
  readonly name: string;
}

interface Account extends User {
  readonly salt: Buffer;
  readonly hash: Buffer;
}

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

/** The users of the app. Replace the map by your own table. */
@Injectable()
export class UsersService {
  readonly #accounts = new Map<string, Account>();

  async create(name: string, password: string): Promise<User> {
    const salt = randomBytes(16);
    const account = { id: String(this.#accounts.size + 1), name, salt, hash: await derive(password, salt, 32) };
    this.#accounts.set(account.id, account);
    return account;
  }

  async find(id: string): Promise<User | undefined> {
    return this.#accounts.get(id);
  }

  /** Returns the user of this name, if the password is right. */
  async verify(name: string, password: string): Promise<User | undefined> {
    const account = [...this.#accounts.values()].find((other) => other.name === name);
    // The same work for an unknown name, so that the response time does not reveal which names exist.
    const hash = await derive(password, account?.salt ?? Buffer.alloc(16), 32);
    return account && timingSafeEqual(hash, account.hash) ? account : undefined;
  }
}
