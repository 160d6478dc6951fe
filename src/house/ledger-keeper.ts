// The ledger of a running herald: opened at the start where there is one, else when there is something to store, so that a
// host with plain addresses never touches a disk for it.

import type { Ledger } from '../pools/ledger.js';

export class LedgerKeeper {
  readonly #open: () => Promise<Ledger>;
  #opening: Promise<Ledger> | undefined;
  #ledger: Ledger | undefined;

  /** `open` throws LedgerUnusable. */
  constructor(open: () => Promise<Ledger>) {
    this.#open = open;
  }

  /** Undefined until open() has been. */
  get ledger(): Ledger | undefined {
    return this.#ledger;
  }

  /** Where it fails it is tried again the next time. */
  open(): Promise<Ledger> {
    this.#opening ??= this.#open().then(
      (ledger) => {
        this.#ledger = ledger;
        return ledger;
      },
      (error: unknown) => {
        this.#opening = undefined;
        throw error;
      },
    );
    return this.#opening;
  }

  close(): void {
    this.#ledger?.close();
    this.#ledger = undefined;
  }
}
