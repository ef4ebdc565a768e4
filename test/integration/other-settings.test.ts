import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Logger } from '@nestjs/common';
import { CompiledQuery, type DatabaseConnection } from 'kysely';
import { ONE_PER_SERVER, serverOf } from '../support/databases.js';
import { failuresUnder } from '../support/orm-settings.js';

/**
 * Settings of a connection that have no effect on sessions. Those of a group are set at once; with SETTINGS=each one after the
 * other, which takes a minute.
 */
const SETTINGS = {
  sqlite: [
    [
      'journal_mode = truncate',
      'synchronous = off',
      'foreign_keys = on',
      'busy_timeout = 0',
      'case_sensitive_like = on',
      'recursive_triggers = on',
      'cache_size = 1',
      'temp_store = memory',
      'secure_delete = on',
      'read_uncommitted = on',
      'automatic_index = off',
      'ignore_check_constraints = on',
      'reverse_unordered_selects = on',
      'cell_size_check = on',
      'trusted_schema = off',
      'defer_foreign_keys = on',
      'legacy_alter_table = on',
      'auto_vacuum = full',
      "encoding = 'UTF-16'",
    ],
    [
      'journal_mode = memory',
      'locking_mode = exclusive',
      'synchronous = extra',
      'empty_result_callbacks = on',
      'page_size = 512',
      'mmap_size = 1048576',
    ],
  ],
  postgresql: [
    [
      "default_transaction_isolation = 'serializable'",
      'default_transaction_deferrable = on',
      'synchronous_commit = off',
      "statement_timeout = '5s'",
      "lock_timeout = '5s'",
      "idle_in_transaction_session_timeout = '5s'",
      "search_path = 'public', 'pg_catalog'",
      'standard_conforming_strings = off',
      'backslash_quote = off',
      'escape_string_warning = off',
      "bytea_output = 'escape'",
      "TimeZone = 'Asia/Kolkata'",
      "DateStyle = 'German, DMY'",
      "IntervalStyle = 'sql_standard'",
      'extra_float_digits = -15',
      "xmlbinary = 'hex'",
      'array_nulls = off',
      'transform_null_equals = on',
      'quote_all_identifiers = on',
      'row_security = off',
      "session_replication_role = 'replica'",
      'enable_indexscan = off',
      "plan_cache_mode = 'force_generic_plan'",
      'jit = off',
      "client_min_messages = 'error'",
      "lc_messages = 'C'",
      "lc_numeric = 'C'",
      'check_function_bodies = off',
      "default_text_search_config = 'simple'",
      "work_mem = '64kB'",
      "default_toast_compression = 'pglz'",
    ],
    [
      "default_transaction_isolation = 'repeatable read'",
      'enable_seqscan = off',
      'extra_float_digits = 0',
      "idle_session_timeout = '5s'",
      "DateStyle = 'SQL, MDY'",
    ],
  ],
  mysql: [
    [
      'session transaction isolation level serializable',
      'innodb_lock_wait_timeout = 1',
      'lock_wait_timeout = 5',
      "time_zone = '+05:30'",
      'max_execution_time = 5000',
      'wait_timeout = 5',
      'group_concat_max_len = 4',
      "collation_connection = 'utf8mb4_turkish_ci'",
      'character_set_filesystem = latin1',
      'character_set_database = latin1',
      'default_storage_engine = MyISAM',
      'foreign_key_checks = 0',
      'unique_checks = 0',
      'sql_big_selects = 0',
      'max_join_size = 1000',
      'sql_auto_is_null = 1',
      'sql_buffer_result = 1',
      'big_tables = 1',
      'div_precision_increment = 0',
      "lc_time_names = 'de_DE'",
      'sql_notes = 0',
      'sql_quote_show_create = 0',
      'low_priority_updates = 1',
      "optimizer_switch = 'derived_merge=off,index_condition_pushdown=off,mrr=on'",
      'explain_format = TRADITIONAL',
      'tmp_table_size = 1024',
      'max_heap_table_size = 16384',
      'internal_tmp_mem_storage_engine = MEMORY',
      'join_buffer_size = 128',
      'innodb_strict_mode = 0',
      'innodb_table_locks = 0',
      'sql_require_primary_key = 1',
      "sql_mode = ''",
    ],
    [
      'session transaction isolation level read committed',
      "collation_connection = 'utf8mb4_bin'",
      'sql_warnings = 1',
      'sql_generate_invisible_primary_key = 1',
      "sql_mode = 'TRADITIONAL,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION,TIME_TRUNCATE_FRACTIONAL'",
    ],
  ],
  mariadb: [
    [
      'session transaction isolation level serializable',
      'innodb_lock_wait_timeout = 1',
      'lock_wait_timeout = 5',
      "time_zone = '+05:30'",
      'max_statement_time = 5',
      'wait_timeout = 5',
      'group_concat_max_len = 4',
      "collation_connection = 'utf8mb4_turkish_ci'",
      'character_set_filesystem = latin1',
      'character_set_database = latin1',
      'default_storage_engine = Aria',
      'foreign_key_checks = 0',
      'unique_checks = 0',
      'sql_big_selects = 0',
      'max_join_size = 1000',
      'sql_auto_is_null = 1',
      'sql_buffer_result = 1',
      'big_tables = 1',
      'div_precision_increment = 0',
      "lc_time_names = 'de_DE'",
      'sql_notes = 0',
      'sql_quote_show_create = 0',
      'low_priority_updates = 1',
      "optimizer_switch = 'derived_merge=off,index_condition_pushdown=off,mrr=on'",
      'optimizer_use_condition_selectivity = 1',
      'tmp_table_size = 1024',
      'max_heap_table_size = 16384',
      'join_buffer_size = 128',
      'innodb_strict_mode = 0',
      'innodb_table_locks = 0',
      "old_mode = ''",
      "sql_mode = ''",
    ],
    [
      'session transaction isolation level read committed',
      "collation_connection = 'utf8mb4_bin'",
      'sql_warnings = 1',
      "sql_mode = 'MAXDB,TRADITIONAL,EMPTY_STRING_IS_NULL,SIMULTANEOUS_ASSIGNMENT,PAD_CHAR_TO_FULL_LENGTH,HIGH_NOT_PRECEDENCE,NO_UNSIGNED_SUBTRACTION,TIME_ROUND_FRACTIONAL'",
    ],
  ],
} as const;

const isEach = process.env.SETTINGS === 'each';

const CASES = ONE_PER_SERVER.flatMap((database) => {
  const groups = SETTINGS[serverOf(database)];
  return (isEach ? groups.flatMap((group) => group.map((setting) => [setting])) : groups).map((group) => ({
    database,
    group,
    name: group.join(', '),
  }));
});

let directory: string;

beforeAll(() => {
  Logger.overrideLogger(false);
  directory = mkdtempSync(join(tmpdir(), 'settings-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('settings that have no effect on sessions', () => {
  it.each(CASES)('on $database: $name', async ({ database, group }) => {
    const verb = database === 'sqlite' ? 'pragma' : 'set';
    const onCreateConnection = async (connection: DatabaseConnection) => {
      for (const setting of group) await connection.executeQuery(CompiledQuery.raw(`${verb} ${setting}`));
    };
    const file = database === 'sqlite' ? { dbName: join(directory, `${randomBytes(4).toString('hex')}.sqlite`) } : {};
    expect(await failuresUnder(database, { pool: { min: 0, max: 2 }, onCreateConnection, ...file } as never, 'other')).toEqual([]);
  });
});
