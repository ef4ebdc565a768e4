import { Injectable } from '@nestjs/common';
import type { AbstractSqlConnection } from '@mikro-orm/sql';
import {
  DatabaseContext,
  SqlSessionRepository,
  type KnownRecord,
  type RecordChange,
  type RecordUpdate,
  type StoredRecord,
} from 'nestjs-smart-session';
import { DistantRunner } from './distant-runner.js';
import { recordWrite } from './recorder.js';

/** The library's own repository. It measures each write and simulates the distance of the race's database. */
@Injectable()
export class RecordingRepository extends SqlSessionRepository {
  constructor(database: DatabaseContext) {
    const runner = new DistantRunner(() => database.orm!.em.getConnection() as AbstractSqlConnection);
    super({ ...database, runner });
  }

  override insert(storageKey: string, change: RecordChange): Promise<boolean> {
    return recordWrite('smart', change.data, () => super.insert(storageKey, change), Boolean);
  }

  override update(storageKey: string, known: KnownRecord, change: RecordChange): Promise<boolean> {
    return recordWrite('smart', change.data, () => super.update(storageKey, known, change), Boolean);
  }

  override updateMany(updates: readonly RecordUpdate[]): Promise<ReadonlySet<string>> {
    const all = super.updateMany.bind(this, updates);
    // One statement for all requests. The time counts for each of them.
    const statement = updates.reduceRight<() => Promise<ReadonlySet<string>>>(
      (work, { storageKey, change }) =>
        () =>
          recordWrite('smart', change.data, work, (written) => written.has(storageKey)),
      all,
    );
    return statement();
  }

  override updateLocked(
    storageKey: string,
    decide: (current: StoredRecord) => RecordChange | undefined,
  ): Promise<StoredRecord | undefined> {
    let written: (record: StoredRecord | undefined) => void = () => {};
    const outcome = new Promise<StoredRecord | undefined>((resolve) => (written = resolve));
    const work = super.updateLocked(storageKey, (current) => {
      const change = decide(current);
      if (change) void recordWrite('smart', change.data, () => outcome, Boolean);
      return change;
    });
    work.then(written, () => written(undefined));
    return work;
  }
}
