'use strict';
Object.defineProperty(exports, '__esModule', { value: true });
const { Migration } = require('@mikro-orm/migrations');

class Migration20261124125902 extends Migration {

  name = 'Migration20261124125902';

  async up() {
    this.addSql(`create table \`sessions\` (\`session_id\` text not null primary key, \`data\` text not null, \`lock_version\` integer not null default 0, \`commit_id\` text null, \`user_id\` text null, \`max_age\` bigint null, \`lease_id\` text null, \`lease_expires_at\` datetime null, \`created_at\` datetime not null, \`updated_at\` datetime not null, \`expires_at\` datetime not null);`);
    this.addSql(`create index \`sessions_user_id_index\` on \`sessions\` (\`user_id\`);`);
    this.addSql(`create index \`sessions_expires_at_index\` on \`sessions\` (\`expires_at\`);`);
  }

}
exports.Migration20261124125902 = Migration20261124125902;
