import { isRootResolver, requestOfResolver } from '../../src/platforms/resolver-call.js';

const req = { session: {} };
const ROOT = { path: { key: 'cart', prev: undefined } };
const FIELD = { path: { key: 'price', prev: ROOT.path } };

describe('the arguments of a resolver', () => {
  it.each<[string, unknown[], unknown]>([
    ['a query', [undefined, { id: 1 }, { req }, ROOT], req],
    ['a reference of a federated schema', [{ id: 1 }, { req }, ROOT], req],
    ['a context without a request', [undefined, {}, {}, ROOT], undefined],
    ['no context', [undefined, {}, null, ROOT], undefined],
    ['nothing', [], undefined],
  ])('have its request: %s', (_what, given, found) => {
    expect(requestOfResolver(given)).toBe(found);
  });

  it.each<[string, unknown[], boolean]>([
    ['a query', [undefined, {}, { req }, ROOT], true],
    ['a field', [undefined, {}, { req }, FIELD], false],
    ['nothing', [], true],
  ])('tell a query from a field: %s', (_what, given, isRoot) => {
    expect(isRootResolver(given)).toBe(isRoot);
  });
});
