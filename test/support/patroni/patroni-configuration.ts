/** Settings of the whole cluster. */
export interface ClusterSettings {
  /** Whether commits wait for a standby also if there is none. Off by default. */
  readonly strict?: boolean;
  /** Whether the primary goes on while etcd does not answer, as long as it reaches all other members. Off by default. */
  readonly failsafe?: boolean;
  /** The version of etcd's protocol; 2 by default. With 3, Patroni before 3.0.3 may overwrite the lock of a new primary. */
  readonly etcdVersion?: 2 | 3;
}

/** What differs between the members. */
interface MemberSettings {
  readonly name: string;
  readonly etcd: readonly string[];
  readonly rest: string;
  readonly server: string;
  readonly directory: string;
  readonly programs: string;
  readonly settings: ClusterSettings;
}

/** Returns Patroni's configuration of a member. */
export function memberConfiguration({ name, etcd, rest, server, directory, programs, settings }: MemberSettings): object {
  return {
    scope: 'sessions',
    name,
    log: { level: 'INFO' },
    restapi: { listen: rest, connect_address: rest },
    [settings.etcdVersion === 3 ? 'etcd3' : 'etcd']: { hosts: etcd },
    bootstrap: { dcs: clusterConfiguration(settings), initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums', 'no-sync'] },
    postgresql: {
      listen: server,
      connect_address: server,
      data_dir: `${directory}/data`,
      bin_dir: programs,
      pgpass: `${directory}/pgpass`,
      authentication: { superuser: { username: 'postgres' }, replication: { username: 'replicator' } },
      pg_hba: ['local all all trust', 'host all all 0.0.0.0/0 trust', 'host replication all 0.0.0.0/0 trust'],
      parameters: { unix_socket_directories: '' },
      create_replica_methods: ['basebackup'],
      basebackup: [{ checkpoint: 'fast' }, 'no-sync'],
    },
    watchdog: { mode: 'off' },
  };
}

/** The part that etcd keeps for all members. */
function clusterConfiguration({ strict = false, failsafe = false }: ClusterSettings): object {
  return {
    ttl: 20,
    loop_wait: 2,
    retry_timeout: 5,
    synchronous_mode: true,
    synchronous_mode_strict: strict,
    failsafe_mode: failsafe,
    postgresql: {
      use_pg_rewind: true,
      parameters: {
        shared_buffers: '32MB',
        max_connections: 100,
        wal_keep_size: '64MB',
        // A standby that is cut off counts as gone after this time. The default is 60 seconds.
        wal_sender_timeout: '10s',
        wal_receiver_timeout: '10s',
        // In the data directory, because a crash would leave a segment of shared memory behind.
        dynamic_shared_memory_type: 'mmap',
      },
    },
  };
}
