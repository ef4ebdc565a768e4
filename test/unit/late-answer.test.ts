import 'reflect-metadata';
import { Next, Req, Res, Session, createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { answersItself } from '../../src/interceptors/late-answer.js';

const User = createParamDecorator(() => 'anna');

class Handlers {
  returns(@Req() _request: unknown, @Session() _session: unknown): void {}
  answers(@Res() _response: unknown): void {}
  passesOn(@Session() _session: unknown, @Next() _next: unknown): void {}
  setsHeaders(@Res({ passthrough: true }) _response: unknown): void {}
  custom(@User() _user: unknown): void {}
  plain(): void {}
}

const contextOf = (method: keyof Handlers) =>
  ({ getClass: () => Handlers, getHandler: () => Handlers.prototype[method] }) as unknown as ExecutionContext;

describe('a handler answers by itself', () => {
  it.each<[keyof Handlers, boolean]>([
    ['returns', false],
    ['answers', true],
    ['passesOn', true],
    ['setsHeaders', false],
    ['custom', false],
    ['plain', false],
  ])('%s: %s', (method, isSo) => {
    expect(answersItself(contextOf(method))).toBe(isSo);
  });

  it.each(['1', '2'])('and not by a decorator of the app, whose random id begins with %s', (digit) => {
    const parameters = Reflect.getMetadata('__routeArguments__', Handlers, 'custom') as object;
    const [[key, parameter] = []] = Object.entries(parameters);
    Reflect.defineMetadata('__routeArguments__', { [`${digit}a${key!.slice(2)}`]: parameter }, Handlers, 'custom');
    expect(answersItself(contextOf('custom'))).toBe(false);
    Reflect.defineMetadata('__routeArguments__', parameters, Handlers, 'custom');
  });
});
