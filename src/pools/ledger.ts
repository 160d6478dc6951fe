// What must outlive the process: who holds which address, and which were freed when. A port: the real one is a database in
// io/, tests have one in memory. Writes are durable when they return, and all or nothing.

/** One service's allocation, as it is stored. */
export interface LedgerHolding {
  readonly service: string;
  /** Canonical text; at most one of a family while it does not move. */
  readonly addresses: readonly string[];
  /** The pool they came from; '' where no pool exists. */
  readonly pool: string;
  /** The pool its entry asked for when it got them, if it asked for one. */
  readonly asked?: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  /** Held side by side after a move, until then. */
  readonly leaving?: { readonly addresses: readonly string[]; readonly pool?: string; readonly until: number };
}

export interface LedgerRelease {
  readonly address: string;
  readonly pool: string;
  /** Who had it: it is exempt from the quarantine. */
  readonly service: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** An entry that was written through the control socket, as its JSON. */
export interface LedgerEntry {
  readonly source: string;
  readonly service: string;
  readonly entry: string;
  /** It came by a stream, and may have to go with it. */
  readonly ofStream?: boolean;
}

export interface LedgerContents {
  readonly holdings: readonly LedgerHolding[];
  readonly releases: readonly LedgerRelease[];
  readonly entries: readonly LedgerEntry[];
}

export interface LedgerChange {
  readonly held?: readonly LedgerHolding[];
  /** Services that hold nothing any more. */
  readonly dropped?: readonly string[];
  readonly released?: readonly LedgerRelease[];
  /** Addresses whose quarantine is over or that are held again. */
  readonly forgotten?: readonly string[];
  readonly written?: readonly LedgerEntry[];
  readonly erased?: readonly { readonly source: string; readonly service: string }[];
}

export interface Ledger {
  /** Everything, once at the start. */
  read(): LedgerContents;
  /** Durable and atomic; throws when it cannot be, and then nothing of it is written. */
  write(change: LedgerChange): void;
  close(): void;
}
