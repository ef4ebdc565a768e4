/**
 * Describes each case, like `describe.each`. If there is no server for any case, the tests are skipped, because a file without
 * tests fails.
 */
export function describeEach<Case extends object | string>(cases: readonly Case[]): (title: string, tests: (given: Case) => void) => void {
  if (cases.length > 0) return describe.each(cases as Case[]) as never;
  return (title) => describe.skip(title, () => it('wants a server', () => {}));
}
