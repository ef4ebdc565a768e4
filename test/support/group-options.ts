import type { LabHost } from './lab-network.js';

/** What the members of a group have in common. */
export interface GroupSettings {
  readonly hosts: readonly LabHost[];
  readonly mode: 'single-primary' | 'multi-primary';
}

/** The port of each member for clients. */
export const PORT = 3306;
const GROUP_PORT = 33_061;
const GROUP = '6ed1b2f6-1f2c-4d6c-9c43-6f0c1f1a6f7e';

/** Statements that make the accounts. The app's has no right that opens a server to it that refuses others. */
export const ACCOUNTS = [
  "create user admin@'%'",
  "grant all on *.* to admin@'%' with grant option",
  "create user replica@'%' identified by 'replica'",
  "grant replication slave, connection_admin, backup_admin, group_replication_stream on *.* to replica@'%'",
  "create user app@'%'",
  "grant all on test.* to app@'%'",
];

/** Makes a member that joins again get what it has missed. */
export const CREDENTIALS =
  "change replication source to source_user = 'replica', source_password = 'replica' for channel 'group_replication_recovery'";

/**
 * Returns the options of a server, in a group or not.
 *
 * @param path returns the path of a file of the server
 */
export function serverOptions(path: (name: string) => string): string[] {
  return [
    '--no-defaults',
    `--datadir=${path('data')}`,
    `--socket=${path('socket')}`,
    `--pid-file=${path('pid')}`,
    '--mysqlx=OFF',
    '--secure-file-priv=NULL',
    '--skip-name-resolve',
    '--innodb-buffer-pool-size=64M',
    '--innodb-redo-log-capacity=16M',
  ];
}

/** Returns the options of a member. */
export function memberOptions(host: LabHost, { hosts, mode }: GroupSettings, consistency: string): string[] {
  const isSingle = mode === 'single-primary';
  return [
    `--port=${PORT}`,
    `--server-id=${hosts.indexOf(host) + 1}`,
    `--report-host=${host.address}`,
    '--gtid-mode=ON',
    '--enforce-gtid-consistency=ON',
    '--log-bin-trust-function-creators=ON',
    // Until it has joined. Otherwise a process of the app would write to it, and the group would refuse a member with these writes.
    '--super-read-only=ON',
    // Until it has caught up. Otherwise a process of the app would read an older state from it.
    '--offline-mode=ON',
    '--plugin-load-add=group_replication.so',
    `--group-replication-group-name=${GROUP}`,
    '--group-replication-start-on-boot=OFF',
    '--group-replication-recovery-get-public-key=ON',
    `--group-replication-local-address=${host.address}:${GROUP_PORT}`,
    `--group-replication-group-seeds=${hosts.map(({ address }) => `${address}:${GROUP_PORT}`).join(',')}`,
    `--group-replication-single-primary-mode=${isSingle ? 'ON' : 'OFF'}`,
    `--group-replication-enforce-update-everywhere-checks=${isSingle ? 'OFF' : 'ON'}`,
    `--group-replication-consistency=${consistency}`,
  ];
}
