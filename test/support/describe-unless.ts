/**
 * Describes tests that need something of the machine. If it is missing, they are skipped, and the title says why.
 *
 * @param obstacle what is missing; undefined or false if the tests can run
 */
export function describeUnless(obstacle: string | false | undefined, title: string, tests: () => void): void {
  if (!obstacle) return void describe(title, tests);
  const skipped = `${title}: SKIPPED, ${obstacle}`;
  // The default reporter prints no title of a file that is skipped as a whole.
  process.stderr.write(`\n${skipped}\n`);
  describe.skip(skipped, tests);
}
