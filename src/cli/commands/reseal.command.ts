import type { SmartSessionModuleOptions } from '../../options/module-options.js';
import { abbreviate } from '../../smart-session.errors.js';
import { defineCommand } from '../command.js';
import { JSON_OPTION } from '../common-options.js';
import { withSessions } from '../open-sessions.js';
import { count } from '../plural.js';
import { printJson } from '../print-json.js';
import { Progress } from '../progress.js';
import { Refusals } from '../refusals.js';
import { required } from '../required.js';
import { Resealer, type ResealOutcome } from '../resealer.js';
import { UsageError } from '../usage-error.js';

export const reseal = defineCommand({
  name: 'reseal',
  summary: 'encrypts the sessions with the first key of `encryption`, after its keys have changed.',
  details: [
    'Only sessions that are encrypted with another key are written. Sessions that are not encrypted are refused,',
    'unless `encryption.readPlaintext` is true. The app may run meanwhile: its changes are kept. Times and expiry',
    'stay as they are. Run it when each process of the app has the new key first. If it was aborted, run it again.',
  ],
  options: { 'dry-run': { type: 'boolean', help: 'Write nothing. Print how many sessions would be written.' }, json: JSON_OPTION },
  examples: [
    ['reseal --options dist/session-options.js', 'Encrypts the sessions with the first key.'],
    ['reseal --options dist/session-options.js --dry-run', 'Prints the number of sessions with another key.'],
  ],
  run: async ({ 'dry-run': dryRun = false, json, ...given }, terminal) => {
    required('reseal', 'options', given.options);
    await withSessions(
      given,
      async ({ database, codec }) => {
        const refusals = new Refusals(terminal, ({ storageKey, reason }) => `Session ${abbreviate(storageKey)} stays as it is: ${reason}`);
        const ofDevices = new Refusals(
          terminal,
          ({ storageKey, reason }) => `The device of session ${abbreviate(storageKey)} stays as it is: ${reason}`,
        );
        const keyId = codec.sealingKeyId!;
        const progress = new Progress(terminal);
        const resealer = new Resealer(database, codec, keyId, {
          refused: (storageKey, reason, part) => (part === 'device' ? ofDevices : refusals).add([{ storageKey, reason }]),
          progressed: (rows) => progress.add(rows),
        });
        const outcome = await resealAll(resealer, progress, dryRun);
        const [refused, refusedDevices] = [refusals.count, ofDevices.count];
        if (json) printJson(terminal, { dryRun, keyId, ...outcome, refused, refusedDevices });
        else terminal.print(`${dryRun ? 'Would encrypt' : 'Encrypted'} ${count(outcome.resealed, 'session')} with the key ${keyId}.`);
        check(outcome, refused, refusedDevices);
      },
      {},
      checkEncryption,
    );
  },
});

async function resealAll(resealer: Resealer, progress: Progress, dryRun: boolean): Promise<ResealOutcome> {
  try {
    progress.expect(await resealer.count());
    return await resealer.run(dryRun);
  } finally {
    progress.end();
  }
}

/** @throws UsageError if the options do not encrypt */
function checkEncryption({ encryption }: SmartSessionModuleOptions): void {
  if (encryption === undefined)
    throw new UsageError('reseal: the options have no `encryption`. Add it with its keys to the file that --options names.');
  if (encryption.writePlaintext)
    throw new UsageError('reseal: `encryption.writePlaintext` is true, so the app encrypts nothing. Remove it from the options first.');
}

/** @throws Error if sessions are not encrypted with the first key, so that a script notices */
function check({ left }: ResealOutcome, refused: number, refusedDevices: number): void {
  if (left > 0)
    throw new Error(
      `reseal: ${count(left, 'session')} changed each time before it was written. Check that each process has the new key first, and run the command again.`,
    );
  if (refused > 0)
    throw new Error(`reseal: ${count(refused, 'session')} cannot be decrypted and ${refused === 1 ? 'stays' : 'stay'} as before.`);
  if (refusedDevices > 0)
    throw new Error(
      `reseal: the ${refusedDevices === 1 ? 'device' : 'devices'} of ${count(refusedDevices, 'session')} cannot be decrypted.`,
    );
}
