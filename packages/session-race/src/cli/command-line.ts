import { parseArgs } from 'node:util';
import { RaceConfigError } from '../race.errors.js';
import type { RaceSettings } from '../workload/race-settings.js';

/** The parsed command line. */
export interface CommandLine {
  readonly isHelp: boolean;
  readonly isJson: boolean;
  readonly urls: readonly string[];
  readonly config?: string;
  readonly html?: string;
  readonly settings: Partial<RaceSettings>;
}

const NUMBERS = ['clients', 'rounds', 'seconds', 'requests', 'seed', 'settle'] as const;

/** @throws RaceConfigError if an option is not there, or is no number */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values } = parse(args);
  const numbers = NUMBERS.flatMap((name) => (values[name] === undefined ? [] : [[name, numberOf(name, values[name])] as const]));
  return {
    isHelp: values.help ?? false,
    isJson: values.json ?? false,
    urls: values.url ?? [],
    ...(values.config === undefined ? {} : { config: values.config }),
    ...(values.html === undefined ? {} : { html: values.html }),
    settings: Object.fromEntries(numbers),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        url: { type: 'string', multiple: true },
        config: { type: 'string' },
        clients: { type: 'string' },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        requests: { type: 'string' },
        seed: { type: 'string' },
        settle: { type: 'string' },
        json: { type: 'boolean' },
        html: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new RaceConfigError(`${(error as Error).message} session-race --help lists the options.`);
  }
}

function numberOf(name: string, text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(number)) throw new RaceConfigError(`--${name} is "${text}". Give a number.`);
  return number;
}
