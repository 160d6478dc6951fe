// What changed hands, a line each, for the log: between two states of the books, with the reason that decided it.

import type { Account } from './books.js';
import { without } from './holding.js';
import { listed } from './settlement.js';

export interface Transition {
  readonly kind: 'allocated' | 'moving' | 'moved' | 'released' | 'outOfPool' | 'backInPool' | 'notAllocated';
  readonly service: string;
  readonly message: string;
  /** What decided it; the message has it too. */
  readonly why: string;
}

const none = { addresses: [], leaving: undefined };

export function transitions(
  before: ReadonlyMap<string, Account | undefined>,
  after: (name: string) => Account | undefined,
  whys: ReadonlyMap<string, string>,
): Transition[] {
  const found: Transition[] = [];
  for (const [service, was] of before) {
    const is = after(service);
    const [had, has] = [was?.holding ?? none, is?.holding ?? none];
    const [lost, gained] = [without(had.addresses, has.addresses), without(has.addresses, had.addresses)];
    const pool = is?.holding?.pool ?? '';
    const why = whys.get(service) ?? (gained.length > 0 ? `the lowest free in the pool ${pool}` : '');
    const because = why === '' ? '' : `: ${why}`;
    const say = (kind: Transition['kind'], message: string): void => {
      found.push({ kind, service, message: `${service} ${message}`, why });
    };
    if (lost.length > 0 && gained.length > 0)
      say('moving', `moves from ${listed(lost)} to ${listed(gained)} of the pool ${pool}${because}`);
    else if (lost.length > 0) say('released', `has ${listed(lost)} no more${because}`);
    else if (gained.length > 0) say('allocated', `has ${listed(gained)} from the pool ${pool}${because}`);
    else if (had.leaving !== undefined && has.leaving === undefined && has.addresses.length > 0)
      say('moved', `has moved: ${listed(had.leaving.addresses)} is withdrawn${because}`);
    const [from, to] = [was?.settlement, is?.settlement];
    if (to === undefined || (from?.state === to.state && from.reason === to.reason)) continue;
    if (to.state === 'OutOfPool' && from?.state !== 'OutOfPool')
      say('outOfPool', `keeps ${listed(has.addresses)} out of its pool: ${to.message}`);
    else if (to.state === 'Pending' && to.reason !== 'notYetRead') say('notAllocated', `has no address: ${to.message}`);
    else if (to.state === 'Rejected') say('notAllocated', `gets no address: ${to.message}`);
    else if (from?.state === 'OutOfPool' && to.state === 'Allocated')
      say('backInPool', `is in a pool again with ${listed(has.addresses)}`);
  }
  return found;
}
