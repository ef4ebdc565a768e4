/** The library that MariaDB loads to form a cluster. */
export const GALERA_PROVIDER = '/usr/lib/galera/libgalera_smm.so';

/** Timeouts after which an unresponsive node is dropped. Galera's default is 5 seconds. */
const PATIENCE = 'evs.keepalive_period=PT0.5S; evs.suspect_timeout=PT2S; evs.inactive_timeout=PT6S';

/** The address of a node, and its ports: for clients, for the group, and for the transfer of data to a joining node, by its log or by a copy. */
export interface GaleraSeat {
  readonly host: string;
  readonly client: number;
  readonly group: number;
  readonly log: number;
  readonly copy: number;
}

/** What else a node's configuration says. */
interface Terms {
  readonly name: string;
  readonly syncWait: number;
  /** Returns the path of a file, as the server sees it. */
  file(name: string): string;
}

/** Returns the configuration file of a node. */
export function galeraConfiguration(seat: GaleraSeat, group: readonly GaleraSeat[], { name, syncWait, file }: Terms): string {
  const { host, client, group: own, log, copy } = seat;
  return [
    '[mysqld]',
    `datadir=${file('data')}`,
    `socket=${file('sock')}`,
    `pid-file=${file('pid')}`,
    `bind-address=${host}`,
    `port=${client}`,
    'skip-name-resolve',
    'performance-schema=OFF',
    'max_connections=300',
    'binlog_format=ROW',
    'innodb_autoinc_lock_mode=2',
    'innodb_buffer_pool_size=32M',
    'innodb_log_file_size=16M',
    'innodb_flush_log_at_trx_commit=1',
    'wsrep_on=ON',
    `wsrep_provider=${GALERA_PROVIDER}`,
    `wsrep_cluster_name=${group[0]!.group}`,
    `wsrep_cluster_address=gcomm://${group.map((one) => `${one.host}:${one.group}`).join(',')}`,
    `wsrep_node_name=${name}`,
    `wsrep_node_address=${host}:${own}`,
    `wsrep_sync_wait=${syncWait}`,
    'wsrep_sst_method=rsync',
    `wsrep_sst_receive_address=${host}:${copy}`,
    `wsrep_provider_options="gmcast.listen_addr=tcp://${host}:${own}; ist.recv_addr=${host}:${log}; ist.recv_bind=${host}:${log}; gcache.size=32M; ${PATIENCE}"`,
    '',
  ].join('\n');
}
