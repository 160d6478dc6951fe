// States and times as people read them.

import type { AnnouncementBody, ServiceBody } from '../api/house.js';
import type { PeerStatus } from '../bgp/protocol.js';
import { type Cell, cell } from './table.js';

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** The two largest units: `3h12m`. */
export function duration(seconds: number): string {
  const first = units.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0s';
  let rest = seconds;
  return units
    .slice(first, first + 2)
    .map(([unit, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return count === 0 ? '' : `${count}${unit}`;
    })
    .join('');
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** RFC 3339 without the letters. */
export const moment = (text: string): string => text.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC');

export function peerState({ state, adminState }: PeerStatus): Cell {
  switch (adminState) {
    case 'enabled':
      return cell(state, state === 'Established' ? 'good' : 'waiting');
    case 'disabled':
      return cell('disabled', 'waiting');
    case 'shutdown':
      return cell('shut down', 'quiet');
  }
}

export function lastError({ lastError: error }: PeerStatus): string {
  if (error === null) return '';
  const code = error.code === 0 ? '' : `${error.code}/${error.subcode} `;
  return `${error.direction} ${code}${error.text}`;
}

export function serviceState({ state }: ServiceBody): Cell {
  switch (state) {
    case 'Allocated':
      return cell(state, 'good');
    case 'Rejected':
      return cell(state, 'bad');
    case 'Ignored':
    case 'Shadowed':
      return cell(state, 'quiet');
    case 'Pending':
    case 'OutOfPool':
    case 'Moving':
    case 'Flapping':
      return cell(state, 'waiting');
  }
}

export function announcementState({ state }: AnnouncementBody): Cell {
  switch (state) {
    case 'announced':
      return cell(state, 'good');
    case 'pending':
      return cell(state, 'waiting');
    case 'withheld':
      return cell(state, 'bad');
  }
}
