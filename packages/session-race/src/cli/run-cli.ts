import { writeFile } from 'node:fs/promises';
import { CannotJudgeError, RaceConfigError } from '../race.errors.js';
import { htmlReport } from '../report/html-report.js';
import { describeReport } from '../report/text-report.js';
import { HttpTarget } from '../targets/http-target.js';
import { resolveConfig } from '../targets/race-config.js';
import { race } from '../race.js';
import { readCommandLine } from './command-line.js';
import { HELP } from './help.js';
import { ProgressLine } from './progress.js';
import { readConfig } from './read-config.js';

/** Where the command writes. */
export interface Output {
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { readonly isTTY?: boolean; write(text: string): unknown };
}

/** Runs the command. Returns the exit code: 0 nothing lost, 1 something lost, 2 could not judge. */
export async function runCli(args: readonly string[], { stdout, stderr }: Output): Promise<0 | 1 | 2> {
  const progress = new ProgressLine(stderr);
  try {
    const { isHelp, isJson, urls, config, html, settings } = readCommandLine(args);
    if (isHelp) return (stdout.write(HELP), 0);
    const target = new HttpTarget(resolveConfig(config === undefined ? {} : await readConfig(config), urls));
    const report = await race(target, settings, (now) => progress.show(now));
    progress.clear();
    if (html !== undefined) await writeFile(html, htmlReport(report));
    stdout.write(isJson ? `${JSON.stringify(report, undefined, 2)}\n` : `${describeReport(report)}\n`);
    return report.verdict === 'clean' ? 0 : 1;
  } catch (error) {
    progress.clear();
    const isExpected = error instanceof CannotJudgeError || error instanceof RaceConfigError;
    stderr.write(`${isExpected ? error.message : ((error as Error).stack ?? String(error))}\n`);
    return 2;
  }
}
