import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { Strategy } from 'passport-local';
import { UsersService, type User } from './users.service.js';

/** Takes `username` and `password` from the body. */
@Injectable()
export class LocalStrategy extends PassportStrategy(Strategy) {
  constructor(private readonly users: UsersService) {
    super();
  }

  async validate(name: string, password: string): Promise<User | false> {
    return (await this.users.verify(name, password)) ?? false;
  }
}
