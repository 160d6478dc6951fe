// What an established peer tells us: UPDATEs are validated and counted, requests for our table are passed on at a bearable
// rate, everything else of a family that was not negotiated is ignored aloud. RFC 7606, RFC 2918, RFC 7313.

import type { Clock, Timers } from '../ports.js';
import type { RawMessage } from './framer.js';
import { type AfiSafi, decodeMessage } from './message.js';
import type { Negotiated } from './negotiate.js';
import { afiSafiOf, familyOf } from './nlri.js';
import { messageType } from './numbers.js';
import { ReceivedRoutes } from './received-routes.js';
import { RefreshGate } from './refresh-gate.js';
import type { Journal } from './session-journal.js';

export class Intake {
  /** UPDATEs that were not taken as they came (RFC 7606 §2). */
  readonly updateFaults = { treatAsWithdraw: 0, attributeDiscard: 0 };
  readonly #journal: Journal;
  readonly #refreshes: RefreshGate;
  #routes = new ReceivedRoutes(undefined);

  constructor(journal: Journal, clock: Clock, timers: Timers, refreshRequested: (family: AfiSafi) => void) {
    this.#journal = journal;
    this.#refreshes = new RefreshGate(clock, timers, refreshRequested);
  }

  get receivedPrefixes(): number {
    return this.#routes.count;
  }

  /** Counts from nothing. */
  open(maxPrefixes: number | undefined): void {
    this.#routes = new ReceivedRoutes(maxPrefixes);
  }

  close(): void {
    this.#refreshes.close();
    this.#routes = new ReceivedRoutes(undefined);
  }

  /** Throws BgpError. */
  take(message: RawMessage, negotiated: Negotiated): void {
    if (message.type === messageType.update) this.#takeUpdate(message.body, negotiated);
    else this.#takeRefresh(message, negotiated);
  }

  #takeUpdate(body: Uint8Array, negotiated: Negotiated): void {
    const { severity, faults, ignored } = this.#routes.take(body, negotiated);
    if (severity !== undefined) this.updateFaults[severity]++;
    for (const fault of faults) this.#journal.faulty(fault);
    for (const family of ignored) this.#journal.ignoredFamily(family, 'an UPDATE');
  }

  #takeRefresh(message: RawMessage, { families }: Negotiated): void {
    const request = decodeMessage(message);
    // RFC 7313 §4: what we count needs no beginning and no end of a refresh; other subtypes are ignored (§5).
    if (request.kind !== 'routeRefresh' || request.subtype !== 0) return;
    const family = familyOf(request.afi, request.safi);
    if (family !== undefined && families.includes(family)) this.#refreshes.request(afiSafiOf(family));
    else this.#journal.ignoredFamily(request, 'a ROUTE-REFRESH');
  }
}
