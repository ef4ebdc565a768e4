import { SmartSessionOptions, type SmartSessionModuleOptions } from '../../src/index.js';
import { OPTIONS, type OptionName } from '../../src/options/option-table.js';

const names = Object.keys(OPTIONS) as OptionName[];

describe('the table of options', () => {
  it.each(names)('accepts the default of `%s`', (option) => {
    const { check, default: initial } = { default: undefined, ...OPTIONS[option] };
    expect(check(option === 'secret' ? 'a secret' : initial)).toBeUndefined();
  });

  it('gives each option to the resolved options, under its name', () => {
    expect(Object.keys(new SmartSessionOptions({ secret: 'x' }))).toEqual(names);
  });

  it('takes null for an option with a default as not given', () => {
    expect(new SmartSessionOptions({ secret: 'x', ttl: null as never }).ttl).toBe(86_400_000);
  });

  it.each(names.filter((option) => !('default' in OPTIONS[option])))('refuses null for `%s`, which has no default', (option) => {
    const start = () => new SmartSessionOptions({ secret: 'x', [option]: null } as SmartSessionModuleOptions);
    expect(start).toThrow(`option \`${option}\``);
  });

  it.each(['secret', 'encryption', 'connection', 'migrateFrom'] as const)('shows no value of `%s` in a message', (option) => {
    const wrong = option === 'connection' ? 'hunter2' : [{ password: 'hunter2' }];
    const start = () => new SmartSessionOptions({ secret: 'x', [option]: wrong } as SmartSessionModuleOptions);
    expect(start).toThrow(/a value of type (array|string) was given/);
    expect(start).not.toThrow(/hunter2/);
  });

  it('freezes the resolved options, and what they hold', () => {
    const options = new SmartSessionOptions({
      secret: ['x', 'y'],
      exclude: ['health'],
      encryption: { keys: ['0f1e2d3c4b5a69788796a5b4c3d2e1f0'.repeat(2)] },
    });
    for (const held of [options, options.secret, options.cookie, options.exclude, options.encryption, options.encryption!.keys])
      expect(Object.isFrozen(held)).toBe(true);
  });

  it('reads the secret of the environment when the options are made', () => {
    const { SESSION_SECRET } = process.env;
    try {
      process.env.SESSION_SECRET = 'first';
      expect(new SmartSessionOptions({}).secret).toEqual(['first']);
      process.env.SESSION_SECRET = 'second';
      expect(new SmartSessionOptions({}).secret).toEqual(['second']);
    } finally {
      if (SESSION_SECRET === undefined) delete process.env.SESSION_SECRET;
      else process.env.SESSION_SECRET = SESSION_SECRET;
    }
  });
});
