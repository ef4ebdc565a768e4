import type { Request, Response } from 'express';
import type { Platform } from './platform.js';

/** Express: its objects are Node's, with more methods. */
export const expressPlatform: Platform = {
  delaysAnswers: false,
  prepare: () => undefined,
  requestOf: (request) => request as Request,
  routeOf: (request) => (request as Partial<Request>).route?.path as string | undefined,
  responseOf: (response) => response as Response,
};
