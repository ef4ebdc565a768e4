import { runInNewContext } from 'node:vm';
import { HttpException } from '@nestjs/common';
import { asError, describeThrown } from '../../src/shared/thrown.js';

const throwing = (name: string) => Object.defineProperty(new Error('x'), name, { get: () => JSON.parse('') as never });
const answering = (status: unknown, answer: unknown) =>
  Object.assign(new Error('x'), { getStatus: () => status, getResponse: () => answer });

describe('asError', () => {
  it.each<[string, Error]>([
    ['an error', new Error('x')],
    ['an error of another realm', runInNewContext('new Error("x")') as Error],
    ['an HttpException', new HttpException('x', 404)],
    ['an error that answers like an HttpException', answering(599, { a: 1 })],
    ['an error without a stack', Object.assign(new Error('x'), { stack: undefined })],
    ['an error with one of the two methods', Object.assign(new Error('x'), { getStatus: () => 1 })],
  ])('returns %s as it is', (_name, error) => {
    expect(asError(error)).toBe(error);
  });

  it.each<[string, unknown, string]>([
    ['a text', 'x', '"x" was thrown in place of an error.'],
    ['nothing', undefined, 'undefined was thrown in place of an error.'],
    ['null', null, 'null was thrown in place of an error.'],
    ['an object', { message: 'x' }, 'an object was thrown in place of an error.'],
    ['a number', 5, 'a number was thrown in place of an error.'],
    ['an error whose message throws', throwing('message'), 'an error that cannot be read was thrown in place of an error.'],
    [
      'an error whose name is no text',
      Object.assign(new Error('x'), { name: 5 }),
      'an error that cannot be read was thrown in place of an error.',
    ],
    ['an answer below 400', answering(399, {}), 'Error: x was thrown in place of an error.'],
    ['an answer above 599', answering(600, {}), 'Error: x was thrown in place of an error.'],
    ['an answer with no status', answering('500', {}), 'Error: x was thrown in place of an error.'],
    ['an answer that JSON cannot hold', answering(500, 1n), 'Error: x was thrown in place of an error.'],
    ['an answer that is nothing', answering(500, undefined), 'Error: x was thrown in place of an error.'],
  ])('describes %s by an error', (_name, thrown, message) => {
    expect(asError(thrown)).toMatchObject({ name: 'Error', message });
  });
});

describe('describeThrown', () => {
  it.each<[string, unknown, string]>([
    ['an error', new TypeError('x'), 'TypeError: x'],
    ['an error without a message', new TypeError(''), 'TypeError'],
    ['a long text', 'x'.repeat(500), `"${'x'.repeat(200)}"`],
    ['a function', () => 1, 'a function'],
  ])('of %s', (_name, thrown, text) => {
    expect(describeThrown(thrown)).toBe(text);
  });
});
