// Compiled, never run: what an app relies on, however its compiler resolves modules.
import 'nestjs-smart-session/fastify';
import type { FastifyRequest } from 'fastify';
import type { CookieOption, SessionDraft } from 'nestjs-smart-session';

type IsAny<Type> = 0 extends 1 & Type ? true : false;
type RequestOf<Option> = Option extends (request: infer Request) => unknown ? Request : never;

/** A type that is not found is `any`, unless the compiler checks declarations. */
export const isAny: IsAny<RequestOf<CookieOption>> = false;

/** The library sees what the app has declared of its session. */
export const values: SessionDraft[`key${string}`][] = [1];

export const idOf = (request: FastifyRequest): string => request.session.id;
