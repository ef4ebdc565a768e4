import { SmartSessionOptions } from '../../src/index.js';

describe('options that there are not', () => {
  const refusal = (options: object) => {
    try {
      return new SmartSessionOptions({ secret: 'x', ...options });
    } catch (error) {
      return (error as Error).message;
    }
  };

  it('are all named, with what to do about the first', () => {
    expect(refusal({ resave: false, saveUninitialized: false, store: {} })).toBe(
      'SmartSessionModule: option `resave`: there is no such option. Leave it out: a request writes only what it has changed. There is no `saveUninitialized`, `store` either.',
    );
  });

  it.each(['constructor', 'toString', '__proto__x', 'maxage'])('`%s` is answered with the list of options', (option) => {
    expect(refusal({ [option]: 1 })).toMatch(/there is no such option\. The options are dialect, connection, .*\.$/);
  });
});
