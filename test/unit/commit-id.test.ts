import { commitIdAfter, generationOf, isOtherGeneration } from '../../src/records/commit-id.js';
import { migratingCommitId, stageOf } from '../../src/records/migrating-record.js';

describe('a commit id', () => {
  it('is of the generation of the one before, and not the same', () => {
    const first = commitIdAfter(undefined);
    const second = commitIdAfter(first);
    expect(second).not.toBe(first);
    expect(generationOf(second)).toBe(generationOf(first));
    expect(isOtherGeneration(first, second)).toBe(false);
  });

  it('begins another generation for a new record', () => {
    const [one, other] = [commitIdAfter(undefined), commitIdAfter(undefined)];
    expect(isOtherGeneration(one, other)).toBe(true);
    expect(isOtherGeneration(one, commitIdAfter(other))).toBe(true);
  });

  it.each([undefined, null, '', 'abc', 'x'.repeat(37)])(
    'that another program has set (%o) has no generation, and differs from none',
    (given) => {
      expect(generationOf(given)).toBeUndefined();
      const ours = commitIdAfter(given);
      expect(generationOf(ours)).toBeDefined();
      expect(isOtherGeneration(given, ours)).toBe(false);
      expect(isOtherGeneration(ours, given)).toBe(false);
    },
  );

  it('has 36 characters, as the column allows', () => {
    expect(commitIdAfter(undefined)).toHaveLength(36);
    expect(commitIdAfter(commitIdAfter(undefined))).toHaveLength(36);
    for (const stage of ['confirmed', 'unconfirmed'] as const) expect(migratingCommitId(stage).length).toBeLessThan(36);
  });
});

describe('the commit id of a record that is being migrated', () => {
  it.each(['unconfirmed', 'confirmed'] as const)('tells its stage: %s', (stage) => {
    const commitId = migratingCommitId(stage);
    expect(stageOf({ commitId })).toBe(stage);
    expect(migratingCommitId(stage)).not.toBe(commitId);
  });

  it('has no generation: the first commit begins one', () => {
    const commitId = migratingCommitId('confirmed');
    expect(generationOf(commitId)).toBeUndefined();
    expect(stageOf({ commitId: commitIdAfter(commitId) })).toBeUndefined();
  });

  it.each([undefined, null, 'another program', commitIdAfter(undefined)])('is not taken for %o', (commitId) => {
    expect(stageOf({ commitId: commitId as string })).toBeUndefined();
  });
});
