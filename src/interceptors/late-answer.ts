import 'reflect-metadata';
import type { ExecutionContext } from '@nestjs/common';
import type { Response } from 'express';

/** Where Nest keeps what the parameters of a handler are, and its numbers of a response and of `next`. */
const ROUTE_ARGUMENTS = '__routeArguments__';
const RESPONSE = 1;
const NEXT = 2;

/**
 * Whether a handler answers by itself, as with `@Res()`: it may do so after it has returned. Nest decides by the same
 * parameters whether it sends what the handler returns.
 */
export function answersItself(context: ExecutionContext): boolean {
  const [controller, handler] = [context.getClass(), context.getHandler()];
  if (typeof controller !== 'function' || typeof handler !== 'function') return false;
  const parameters = Reflect.getMetadata(ROUTE_ARGUMENTS, controller, handler.name) as Record<string, { data?: unknown }> | undefined;
  return Object.entries(parameters ?? {}).some(([key, { data }]) => {
    const kind = Number.parseInt(key, 10);
    return (kind === RESPONSE || kind === NEXT) && (data as { passthrough?: boolean } | undefined)?.passthrough !== true;
  });
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
