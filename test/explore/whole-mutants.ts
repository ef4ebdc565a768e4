import type { RecordChange } from '../../src/index.js';
import type { AppTransaction, TransactionMember } from '../../src/persistence/app-transaction.js';
import { AppTransactions } from '../../src/persistence/app-transactions.js';
import type { Mutant } from './history.js';
import type { Breach } from './mutants.js';
import type { SimulatedLeases } from './simulated-leases.js';
import { SimulatedRecords } from './simulated-records.js';
import { SimulatedRepository } from './simulated-repository.js';
import type { SimulatedTransaction, TransactionStatement } from './simulated-transactions.js';

/** The session is written at once, and not with the transaction. */
class OutsideRecords extends SimulatedRecords {
  protected override written(transaction: SimulatedTransaction, key: string, change: RecordChange): boolean {
    const row = this.rows.liveRow(key);
    if (row) this.rows.put(key, this.rows.updated(row, change));
    return row !== undefined;
  }
}

/** The record is read without its lock. */
class UnlockedRecords extends SimulatedRecords {
  protected override lockingRow(key: string): TransactionStatement {
    return {
      run: () => {
        const row = this.rows.liveRow(key);
        return row && this.rows.recordOf(row);
      },
    };
  }
}

/** A repository whose statements in transactions are broken. */
function over(Records: typeof SimulatedRecords): typeof SimulatedRepository {
  return class extends SimulatedRepository {
    protected override makeRecords(leases: SimulatedLeases): SimulatedRecords {
      return new Records(this.database, leases, this.rowAccess);
    }
  };
}

/** A lost answer is taken for a rollback. So no run looks for the commit id of the one before. */
class CredulousRepository extends SimulatedRepository {
  override classify(): 'rolled-back' {
    return 'rolled-back';
  }
}

const OPTIMISTIC = { locking: ['optimistic'] } as const;

/** Breaches of transactions with rows of the app. */
export const WHOLE_BREACHES: Readonly<Record<string, Breach>> = {
  'a session that is written outside the transaction': {
    law: 'AllOrNothing',
    repository: over(OutsideRecords),
    scenario: { operations: ['transactional', 'touch'], ...OPTIMISTIC, faults: 1 },
  },
  'a transaction that is run again without looking for its commit id': {
    law: 'AllOrNothing',
    repository: CredulousRepository,
    scenario: { operations: ['transactional', 'touch'], ...OPTIMISTIC, faults: 1 },
  },
  'a transaction that does not lock the record': {
    law: 'NoLostKey',
    repository: over(UnlockedRecords),
    scenario: { operations: ['transactional', 'transactional'], ...OPTIMISTIC },
  },
  'a live session that moves on though its transaction was rolled back': {
    law: 'AllOrNothing',
    ...breakingMembers((member) => ({ ...member, ended: () => member.ended('committed') })),
    scenario: { operations: ['update in transaction, and fails', 'touch'], ...OPTIMISTIC },
  },
  'a live session that is not told of COMMIT': {
    law: 'base and live session move together',
    ...breakingMembers((member) => ({ ...member, ended: () => member.ended('rolled-back') })),
    scenario: { operations: ['update in transaction', 'touch'], ...OPTIMISTIC },
  },
};

/** Breaks what takes part in the transactions of the app. */
function breakingMembers(broken: (member: TransactionMember) => TransactionMember): Mutant {
  return {
    breakServices({ get }) {
      const transactions = get(AppTransactions);
      const find = transactions.find.bind(transactions);
      Object.assign(transactions, {
        find: (...parameters: Parameters<AppTransactions['find']>): AppTransaction | undefined => {
          const found = find(...parameters);
          const join = found?.join.bind(found);
          return found && Object.assign(found, { join: (member: TransactionMember) => join?.(broken(member)) });
        },
      });
    },
  };
}
