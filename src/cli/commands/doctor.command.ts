import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import type { Check, CheckStatus } from '../doctor/check.js';
import { diagnose } from '../doctor/diagnosis.js';
import { count } from '../plural.js';
import { printJson } from '../print-json.js';
import { textTable } from '../text-table.js';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'checks the options, the database and the table, and says what to do.',
  details: [
    'Each line begins with ok, note, warn or fail. note: the command cannot see it, and says how to look. warn:',
    'sessions work, but something should be changed. fail: sessions do not work, or may be lost. The exit code is',
    '1 if a check fails. Nothing is written. With --options, the command also looks at the data of each row.',
  ],
  options: { json: JSON_OPTION },
  examples: [
    ['doctor --options dist/session-options.js', 'Checks everything.'],
    ['doctor --json | jq \'.checks[] | select(.status == "fail")\'', 'Prints only what fails.'],
  ],
  run: async (given, terminal) => {
    const checks = await diagnose(given);
    const failures = numberOf(checks, 'fail');
    if (given.json) printJson(terminal, { isOk: failures === 0, checks });
    else
      terminal.print(
        textTable(checks.map(({ status, name, found, remedy }) => [status, name, [`${found}.`, remedy ?? ''].join(' ').trim()])),
      );
    if (given.options === undefined) terminal.note('The options were not checked. Give --options.');
    if (failures > 0) throw new Error(`doctor: ${count(failures, 'check')} failed.`);
  },
});

function numberOf(checks: readonly Check[], wanted: CheckStatus): number {
  return checks.filter(({ status }) => status === wanted).length;
}
