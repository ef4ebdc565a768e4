import type { Response } from 'express';
import fc from 'fast-check';

/** One call on a response. */
export interface Step {
  readonly call: string;
  readonly parameters: readonly unknown[];
  /** Whether the last parameter of the call is a callback. */
  readonly hasCallback?: boolean;
}

/** The result of one step for the caller. */
export interface Seen {
  readonly call: string;
  readonly hasCallback: boolean;
  /** The code of the thrown error, or `ok`. */
  thrown: string;
  /** The arguments of each call of the callback. */
  readonly callbacks: string[];
}

const STATUSES = [200, 201, 204, 304, 404, 500];
const NAMES = ['X-A', 'X-B', 'x-a', 'Content-Type', 'Link', 'ETag'];
const VALUES = ['1', 'text/html', ['2', '3']];
const CHUNKS = ['abc', '', '<html>', Buffer.from('xyz'), new Uint8Array([65, 66])];

const name = fc.constantFrom(...NAMES);
const value = fc.constantFrom(...VALUES);
const status = fc.constantFrom(...STATUSES);
const chunk = fc.constantFrom(...CHUNKS);
const wrong = fc.constantFrom<unknown>(1, true, {}, []);
const step = (call: string, ...parameters: fc.Arbitrary<unknown>[]): fc.Arbitrary<Step> =>
  fc.record({ call: fc.constant(call), parameters: fc.tuple(...parameters) });
const called = (call: string, ...parameters: fc.Arbitrary<unknown>[]): fc.Arbitrary<Step> =>
  fc.record({ call: fc.constant(call), parameters: fc.tuple(...parameters), hasCallback: fc.boolean() });

/** Any call with which Node or Express can answer. */
export const anyStep: fc.Arbitrary<Step> = fc.oneof(
  step('setHeader', name, value),
  step('appendHeader', name, value),
  step('removeHeader', name),
  step(
    'setHeaders',
    fc.tuple(name, value).map((entry) => new Map([entry])),
  ),
  step('statusCode=', status),
  step('statusMessage=', fc.constantFrom('Fine', 'Odd')),
  step('writeHead', status),
  step('writeHead', status, fc.constant('Phrase')),
  step('writeHead', status, fc.dictionary(name, value, { maxKeys: 2 })),
  step('writeHead', status, fc.constant('Phrase'), fc.dictionary(name, value, { maxKeys: 2 })),
  step('writeHead', status, fc.tuple(name, fc.constant('1'), name, fc.constant('2'))),
  step('flushHeaders'),
  { weight: 4, arbitrary: called('write', chunk) },
  called('write', fc.constant('616263'), fc.constant('hex')),
  step('write', wrong),
  { weight: 3, arbitrary: called('end') },
  { weight: 2, arbitrary: called('end', chunk) },
  called('end', fc.constant('616263'), fc.constant('hex')),
  step('end', fc.constantFrom<unknown>(0, null, undefined, false)),
  step('end', fc.constantFrom<unknown>(1, {})),
  step('json', fc.constantFrom({ a: 1 }, [1, 2])),
  step('send', fc.constantFrom('sent', Buffer.from('sent'))),
  step('sendStatus', status),
  step('redirect', fc.constant('/elsewhere')),
  step('type', fc.constantFrom('json', 'html')),
  { weight: 4, arbitrary: step('turn') },
);

/** A sequence of calls, with turns of the event loop in between. */
export const anyProgram: fc.Arbitrary<Step[]> = fc.array(anyStep, { minLength: 1, maxLength: 9 });

/** Runs a program on a response and ends the response. Returns the results of the steps. */
export async function run(program: readonly Step[], response: Response, afterSteps: () => void = () => undefined): Promise<Seen[]> {
  response.on('error', () => undefined);
  const seen: Seen[] = [];
  for (const { call, parameters, hasCallback } of [...program, { call: 'end', parameters: [], hasCallback: false }]) {
    if (call === 'turn') await new Promise(setImmediate);
    else seen.push(take(call, [...parameters.map(copy), ...(hasCallback ? [undefined] : [])], response, hasCallback ?? false));
  }
  afterSteps();
  return seen;
}

function take(call: string, parameters: unknown[], response: Response, hasCallback: boolean): Seen {
  const seen: Seen = { call, hasCallback, thrown: 'ok', callbacks: [] };
  if (hasCallback) parameters[parameters.length - 1] = (error?: { code?: string } | null) => seen.callbacks.push(callbackCode(error));
  try {
    if (call.endsWith('=')) Reflect.set(response, call.slice(0, -1), parameters[0]);
    else (Reflect.get(response, call) as (...given: unknown[]) => unknown).apply(response, parameters);
  } catch (error) {
    seen.thrown = (error as { code?: string }).code ?? String(error);
  }
  return seen;
}

/** Copies a value, because Node keeps and appends to the list of a header's values. */
function copy(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(copy);
  if (given instanceof Map) return new Map([...given].map(([key, held]) => [key, copy(held)]));
  const isPlain = Object(given) === given && !(given instanceof Uint8Array);
  return isPlain ? Object.fromEntries(Object.entries(given as object).map(([key, held]) => [key, copy(held)])) : given;
}

/** Returns the code of a callback. A second `end` is an error if the response has finished meanwhile, and no error a moment before. */
function callbackCode(error?: { code?: string } | null): string {
  return !error || error.code === 'ERR_STREAM_ALREADY_FINISHED' ? 'ok' : (error.code ?? String(error));
}
