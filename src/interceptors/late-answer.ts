import 'reflect-metadata';
import type { ExecutionContext } from '@nestjs/common';
import type { Response } from 'express';

/** Where Nest keeps what the parameters of a handler are, and whether it answers although the handler has the response. */
const ROUTE_ARGUMENTS = '__routeArguments__';
const PASSTHROUGH = '__responsePassthrough__';

/** Nest's numbers of a response and of `next`. A parameter of an app's decorator has a random id, which may begin with a number. */
const ANSWERING: ReadonlySet<string> = new Set(['1', '2']);

/**
 * Whether a handler answers by itself, as with `@Res()`: it may do so after it has returned. Nest decides by the same
 * parameters whether it sends what the handler returns.
 */
export function answersItself(context: ExecutionContext): boolean {
  const [controller, handler] = [context.getClass(), context.getHandler()];
  if (typeof controller !== 'function' || typeof handler !== 'function') return false;
  const parameters = (Reflect.getMetadata(ROUTE_ARGUMENTS, controller, handler.name) ?? {}) as object;
  const isAnswering = Object.keys(parameters).some((key) => ANSWERING.has(key.split(':')[0]!));
  return isAnswering && !Reflect.getMetadata(PASSTHROUGH, controller, handler.name);
}

/** Calls back when a handler has ended the response: when the answer is given, not when it is sent. */
export function onAnswer(response: Response, answered: () => void): void {
  const { end } = response;
  response.end = function (this: Response, ...parameters: unknown[]) {
    const result = (end as (...parameters: unknown[]) => Response).apply(this, parameters);
    answered();
    return result;
  } as Response['end'];
}
