import type { ServerResponse } from 'node:http';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';

/** The platform of this run's apps. vitest.config.js runs the e2e tests once on each. */
export const PLATFORM = process.env.PLATFORM === 'fastify' ? 'fastify' : 'express';

export const IS_EXPRESS = PLATFORM === 'express';

/** Makes Nest's HTTP adapter of this run. */
export function newAdapter(isBehindProxy = false): AbstractHttpAdapter {
  if (!IS_EXPRESS) return new FastifyAdapter({ trustProxy: isBehindProxy });
  const adapter = new ExpressAdapter();
  if (isBehindProxy) adapter.set('trust proxy', 1);
  return adapter;
}

/** Returns Node's response of what a handler gets. */
export function nodeResponse(response: object): ServerResponse {
  return ('raw' in response ? response.raw : response) as ServerResponse;
}

/** Takes a response over, so that the platform does not answer, and returns Node's. */
export function takeOver(response: object): ServerResponse {
  if ('hijack' in response) (response as { hijack(): void }).hijack();
  return nodeResponse(response);
}

/** Answers in middleware, which gets Node's response on Fastify. */
export function answerJson(response: ServerResponse, body: unknown): void {
  response.setHeader('Content-Type', 'application/json; charset=utf-8');
  response.end(JSON.stringify(body));
}
