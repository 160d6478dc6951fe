// A ledger in memory: what would be on disk survives whoever wrote it, and disks that fail can be had.

import type {
  Ledger,
  LedgerChange,
  LedgerContents,
  LedgerEntry,
  LedgerHolding,
  LedgerRelease,
} from '../../src/pools/ledger.js';

export class FakeLedger implements Ledger {
  readonly holdings = new Map<string, LedgerHolding>();
  readonly releases = new Map<string, LedgerRelease>();
  readonly entries = new Map<string, LedgerEntry>();
  /** One for each write that changed something: what a disk would have had to sync. */
  readonly changes: LedgerChange[] = [];
  /** Thrown by every write while it is set. */
  fault: Error | undefined;
  isClosed = false;

  read(): LedgerContents {
    return {
      holdings: [...this.holdings.values()],
      releases: [...this.releases.values()],
      entries: [...this.entries.values()],
    };
  }

  write(change: LedgerChange): void {
    if (this.fault) throw this.fault;
    const { held = [], dropped = [], released = [], forgotten = [], written = [], erased = [] } = change;
    if ([held, dropped, released, forgotten, written, erased].every(({ length }) => length === 0)) return;
    this.changes.push(change);
    for (const service of dropped) this.holdings.delete(service);
    for (const holding of held) this.holdings.set(holding.service, holding);
    for (const address of forgotten) this.releases.delete(address);
    for (const release of released) this.releases.set(release.address, release);
    for (const { source, service } of erased) this.entries.delete(`${source}\n${service}`);
    for (const entry of written) this.entries.set(`${entry.source}\n${entry.service}`, entry);
  }

  close(): void {
    this.isClosed = true;
  }
}
