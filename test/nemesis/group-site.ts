import { describeUnless } from '../support/describe-unless.js';
import { GroupReplication, type GroupReplicationSettings } from '../support/group-replication.js';
import { Nemesis, type NemesisResult } from './nemesis.js';

/** A MySQL Group Replication, with processes of the app on it. */
export interface GroupSite {
  readonly group: GroupReplication;
  readonly nemesis: Nemesis;
}

/**
 * Describes tests on a group of their own. They are skipped if this machine can have none.
 *
 * @param tests use the site within hooks and tests only
 */
export async function describeOnGroup(
  title: string,
  settings: GroupReplicationSettings,
  tests: (site: () => GroupSite) => void,
): Promise<void> {
  describeUnless(await GroupReplication.findObstacle(), title, () => {
    let group: GroupReplication | undefined;
    let nemesis: Nemesis | undefined;

    beforeAll(async () => {
      group = await GroupReplication.open(settings);
      nemesis = await Nemesis.open(group, 'nemesis');
    }, 120_000);
    afterAll(async () => {
      await nemesis?.close();
      await group?.close();
    }, 60_000);

    tests(() => ({ group: group!, nemesis: nemesis! }));
  });
}

/** The trigger of the audit may leave a connection at EVENTUAL, which then reads older states. */
export function lasting(breaches: NemesisResult['breaches']): NemesisResult['breaches'] {
  const { stale: _, ...others } = breaches;
  return others;
}
