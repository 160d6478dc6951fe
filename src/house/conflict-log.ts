// Conflicts as lines of the log. Others on the segment decide how many there are, so each address is spoken of once a
// minute, and all of them so often at most; the rest is counted.

import type { LanEvent } from '../l2/lan-link.js';
import { formatAddress } from '../net/address.js';
import { formatMac } from '../net/mac.js';
import type { Log } from '../ports.js';

type Conflict = Extract<LanEvent, { kind: 'conflict' }>;

const windowMs = 60_000;
const linesInWindow = 20;

const consequences: { readonly [A in Conflict['action']]: string } = {
  note: 'herald goes on announcing it',
  defend: 'herald announces it again',
  refuse: 'herald does not announce it, and asks again in a minute',
};

export class ConflictLog {
  readonly #log: Log;
  #windowEndsMs = 0;
  #lines = 0;
  #unsaid = 0;
  readonly #said = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  write({ link, address, mac, action }: Conflict, nowMs: number): void {
    if (nowMs >= this.#windowEndsMs) this.#begin(nowMs);
    const [ip, claimant] = [formatAddress(address), formatMac(mac)];
    const key = `${link} ${ip} ${claimant} ${action === 'defend' ? 'note' : action}`;
    if (this.#said.has(key) || this.#lines >= linesInWindow) {
      this.#unsaid++;
      return;
    }
    this.#said.add(key);
    this.#lines++;
    const fields = { interface: link, address: ip, mac: claimant, action };
    const message = `${ip} is claimed by ${claimant} on ${link} as well; ${consequences[action]}`;
    this.#log.write('warn', 'addressConflict', message, fields);
  }

  #begin(nowMs: number): void {
    if (this.#unsaid > 0) {
      const message = `${this.#unsaid} more claims of announced addresses by others; \`herald interfaces\` lists them`;
      this.#log.write('warn', 'addressConflicts', message, { count: this.#unsaid });
    }
    this.#windowEndsMs = nowMs + windowMs;
    this.#lines = 0;
    this.#unsaid = 0;
    this.#said.clear();
  }
}
