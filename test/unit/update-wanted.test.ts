import { DIALECTS } from '../../src/dialects/index.js';
import { hidesWritten, repeatsStatements, writtenOf } from '../../src/dialects/mysql.update-wanted.js';

const answer = (affected: number, insertId?: bigint | number) => ({ rows: [], affected, ...(insertId === undefined ? {} : { insertId }) });

describe('the rows that an update of MySQL has written', () => {
  it.each<[string, Parameters<typeof writtenOf>, boolean[]]>([
    ['none of them', [answer(0), 2], [false, false]],
    ['none of them, whatever is marked', [answer(0, 3), 2], [false, false]],
    ['all of them', [answer(2, 3n), 2], [true, true]],
    ['all of them, if the driver hides the marks', [answer(2), 2], [true, true]],
    ['the marked ones', [answer(2, 0b101n), 4], [true, false, true, false]],
    ['the marked ones, as a number', [answer(1, 0b1000), 4], [false, false, false, true]],
  ])('are %s', (_name, parameters, written) => {
    expect(writtenOf(...parameters)).toEqual(written);
  });

  it('are found among the most rows', () => {
    const { mostWanted = 0 } = DIALECTS.mysql;
    const last = Array.from({ length: mostWanted }, (_, n) => n > 0);
    expect(writtenOf(answer(mostWanted - 1, 2 ** mostWanted - 2), mostWanted)).toEqual(last);
    expect(Number.isSafeInteger(2 ** mostWanted - 1)).toBe(true);
  });

  it.each([
    [true, answer(2)],
    [true, answer(2, 0)],
    [false, answer(0, 0)],
    [false, answer(2, 3n)],
  ])('are hidden: %s, if the answer is %o', (isHidden, result) => {
    expect(hidesWritten(result)).toBe(isHidden);
  });

  it.each<[string, Parameters<typeof writtenOf>]>([
    ['one is written and none marked', [answer(1), 2]],
    ['one is written and two are marked', [answer(1, 3), 2]],
    ['two are written and one is marked', [answer(2, 0b1n), 3]],
    ['one is marked that was not sent', [answer(1, 0b1000), 3]],
  ])('are unknown if %s', (_name, parameters) => {
    const read = () => writtenOf(...parameters);
    expect(read).toThrow('it is unknown which ones');
    try {
      read();
    } catch (error) {
      expect(DIALECTS.mysql.classify(error)).toBe('unknown');
    }
  });
});

describe('a server of MySQL', () => {
  const server = (log_bin: string, binlog_format?: string) => async () => ({
    rows: Object.entries({ log_bin, binlog_format }).flatMap(([Variable_name, Value]) => (Value ? [{ Variable_name, Value }] : [])),
    affected: 0,
  });

  it.each<[boolean, string, string?]>([
    [true, 'ON', 'STATEMENT'],
    [false, 'ON', 'MIXED'],
    [false, 'ON', 'ROW'],
    [false, 'OFF', 'STATEMENT'],
    // A version that logs only rows.
    [false, 'ON'],
  ])('repeats statements: %s, with log_bin = %s and binlog_format = %s', async (repeats, ...values) => {
    expect(await repeatsStatements(server(...values))).toBe(repeats);
  });
});
