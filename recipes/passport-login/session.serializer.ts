import { callbackify } from 'node:util';
import { Injectable } from '@nestjs/common';
import { PassportSerializer } from '@nestjs/passport';
import { UsersService, type User } from './users.service.js';

/** Stores the user's id in the session, and finds the user by it in each request. */
@Injectable()
export class SessionSerializer extends PassportSerializer {
  constructor(private readonly users: UsersService) {
    super();
  }

  serializeUser(user: User, done: (error: unknown, id: string) => void): void {
    done(null, user.id);
  }

  deserializeUser(id: string, done: (error: unknown, user: User | false) => void): void {
    callbackify(async () => (await this.users.find(id)) ?? false)(done);
  }
}
