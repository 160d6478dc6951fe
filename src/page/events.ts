// The events that the page remembers, and what is drawn of them.

import type { StreamEvent } from '../api/event-stream.js';

export type EventLevel = 'error' | 'warn' | 'info' | 'debug';

export interface EventLine {
  readonly id: string;
  /** RFC 3339. */
  readonly at: string;
  readonly level: EventLevel;
  readonly event: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export const eventsKept = 500;

/** Undefined: not an event of herald. */
export function readEvent({ id, event, data }: StreamEvent): EventLine | undefined {
  let body: unknown;
  try {
    body = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof body !== 'object' || body === null) return undefined;
  const { at, level, message, fields }: Readonly<Record<string, unknown>> = { ...body };
  if (typeof at !== 'string' || Number.isNaN(Date.parse(at))) return undefined;
  return {
    id,
    at,
    level: level === 'error' || level === 'warn' || level === 'debug' ? level : 'info',
    event,
    message: typeof message === 'string' ? message : '',
    fields: typeof fields === 'object' && fields !== null ? { ...fields } : {},
  };
}

/**
 * The newest first. What a resumed stream repeats is one event; a number that comes again with another time is another,
 * for a daemon that was restarted counts anew.
 */
export function mergeEvents(known: readonly EventLine[], arrived: readonly EventLine[]): readonly EventLine[] {
  if (arrived.length === 0) return known;
  const key = ({ id, at }: EventLine): string => `${id} ${at}`;
  const seen = new Set(known.map(key));
  const fresh: EventLine[] = [];
  for (const line of arrived) {
    if (seen.has(key(line))) continue;
    seen.add(key(line));
    fresh.push(line);
  }
  return [...fresh.reverse(), ...known].slice(0, eventsKept);
}

export interface Minute {
  readonly all: number;
  /** Of level warn or error. */
  readonly grave: number;
}

/** How many in each of the last `minutes`, the one that runs now at the end. */
export function eventsPerMinute(events: readonly EventLine[], nowMs: number, minutes: number): readonly Minute[] {
  const last = Math.floor(nowMs / 60_000);
  const counted = Array.from({ length: minutes }, () => ({ all: 0, grave: 0 }));
  for (const { at, level } of events) {
    // A clock that is ahead of ours must not lose its events.
    const age = Math.max(0, last - Math.floor(Date.parse(at) / 60_000));
    const minute = counted[minutes - 1 - age];
    if (minute === undefined) continue;
    minute.all++;
    if (level === 'warn' || level === 'error') minute.grave++;
  }
  return counted;
}
