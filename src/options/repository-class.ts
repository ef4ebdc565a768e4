import type { Type } from '@nestjs/common';

/**
 * The option `repository`: a class that extends `SessionRepository`. Only the names of its methods and what they return are
 * checked here. The class itself is checked against `SessionRepository`, which it extends.
 */
export type SessionRepositoryClass = Type<RepositoryMethods>;

/** The methods that a repository must have. */
interface RepositoryMethods {
  readonly isBlocking: boolean;
  readonly longestBatch: number;
  readonly mostUpdates: number;
  readonly comparesData: boolean;
  load(storageKey: string): Promise<object | undefined>;
  loadMany(storageKeys: readonly string[]): Promise<ReadonlyMap<string, object>>;
  statesOf(storageKeys: readonly string[]): Promise<readonly object[]>;
  statesOfUsers(userIds: readonly string[]): Promise<readonly object[]>;
  loadLocked(storageKey: string): Promise<object | undefined>;
  insert(storageKey: string, change: never): Promise<boolean>;
  update(storageKey: string, known: never, change: never): Promise<boolean>;
  updateLocked(storageKey: string, decide: never): Promise<object | undefined>;
  touch(storageKey: string, lifetime: never): Promise<void>;
  lease(storageKey: string, leaseId: string, ms: number): Promise<boolean>;
  extend(storageKey: string, leaseId: string, ms: number): Promise<boolean>;
  release(storageKey: string, leaseId: string): Promise<void>;
  destroy(storageKey: string): Promise<object | undefined>;
  end(storageKey: string, known: never, endId: string): Promise<boolean>;
  isEndedBy(storageKey: string, endId: string): Promise<boolean>;
  destroyCommitted(storageKey: string, commitId: string | null): Promise<boolean>;
  removeExpired(storageKey: string): Promise<boolean>;
  prune(limit: number): Promise<readonly object[]>;
  count(): Promise<number>;
  all(): Promise<ReadonlyMap<string, object>>;
  clear(): Promise<void>;
  list(userId: string): Promise<object[]>;
  destroySome(userId: string, choose: never): Promise<number>;
  classify(error: unknown): string;
}
