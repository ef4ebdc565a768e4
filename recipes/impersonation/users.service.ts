import { Injectable } from '@nestjs/common';

/** The users of the example. An app has them in its database. */
@Injectable()
export class UsersService {
  readonly #admins = new Set(['root', 'boss']);
  readonly #users = new Set(['root', 'boss', 'anna']);

  exists(id: string): boolean {
    return this.#users.has(id);
  }

  isAdmin(id: string | undefined): boolean {
    return id !== undefined && this.#admins.has(id);
  }

  /** Takes an administrator's rights away. */
  dismiss(id: string): void {
    this.#admins.delete(id);
  }
}
