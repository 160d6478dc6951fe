// What a new configuration or a new table would do: how two situations differ, service by service, announcement by
// announcement, session by session.

import type { Config, RouteAttributes } from '../config/config.js';
import { type Effect, type Impact, impact } from '../config/impact.js';
import { formatAddress, formatPrefix, hostPrefix } from '../net/address.js';
import type { Settlement } from '../pools/settlement.js';
import type { Draft, Situation } from './draft.js';
import { lastingAddresses } from './draft.js';

/** What becomes of a service. keeps: an address that is in no pool any more. */
export type Fate = 'moves' | 'keeps' | 'released' | 'rejected' | 'served' | 'waits' | 'ignored' | 'removed';

export interface ServiceForecast {
  readonly service: string;
  readonly fate: Fate;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly message: string;
}

export interface AnnouncementForecast {
  readonly prefix: string;
  readonly protocol: 'bgp' | 'layer2';
  readonly via: string;
  /** changes: with other attributes. */
  readonly change: 'appears' | 'goes' | 'changes';
}

export interface SessionForecast {
  readonly peer: string;
  readonly effect: Effect | 'added' | 'removed';
  readonly fields: readonly Impact[];
}

export interface Forecast {
  /** Why the change would be refused as it is; the rest says what would come of it if it were forced. */
  readonly refused: readonly string[];
  readonly services: readonly ServiceForecast[];
  readonly announcements: readonly AnnouncementForecast[];
  readonly sessions: readonly SessionForecast[];
}

export function forecast(before: Situation, after: Draft): Omit<Forecast, 'refused'> {
  const names = [...new Set([...before.table.names(), ...after.table.names()])].sort();
  return {
    services: names.flatMap((name) => serviceForecast(name, before, after) ?? []),
    announcements: announcementForecasts(names, before, after),
    sessions: sessionForecasts(before.config, after.config),
  };
}

const settled = (name: string, situation: Situation): Settlement | undefined => {
  const entry = situation.table.winner(name)?.service;
  return entry && situation.settlement(entry);
};

function serviceForecast(service: string, before: Situation, after: Draft): ServiceForecast | undefined {
  const [was, is] = [settled(service, before), settled(service, after)];
  const from = lastingAddresses(service, before, was).map(formatAddress);
  const to = lastingAddresses(service, after, is).map(formatAddress);
  const told = (fate: Fate, message: string): ServiceForecast => ({ service, fate, from, to, message });
  if (is === undefined) return from.length === 0 ? undefined : told('removed', 'its entry is gone');
  if (to.length > 0 && from.join() !== to.join())
    return told(from.length === 0 ? 'served' : 'moves', after.whys.get(service) ?? '');
  if (is.state === was?.state && is.reason === was.reason) return undefined;
  switch (is.state) {
    case 'OutOfPool':
      return told('keeps', is.message);
    case 'Pending':
      return told(from.length > 0 ? 'released' : 'waits', is.message);
    case 'Rejected':
      return told('rejected', is.message);
    case 'Ignored':
      return told('ignored', is.message);
    case 'Allocated':
    case 'Moving':
      return undefined;
  }
}

/** `PREFIX PROTOCOL PEER`, or an interface, with what it is announced with. */
type Routes = Map<string, string>;

function announcementForecasts(names: readonly string[], before: Situation, after: Situation): AnnouncementForecast[] {
  // Those of services that are announced otherwise are looked at; another may announce the same prefix as before.
  const touched = new Set<string>();
  for (const name of names) {
    const [was, is] = [routesOf(name, before), routesOf(name, after)];
    for (const [key, attributes] of was) if (is.get(key) !== attributes) touched.add(key);
    for (const key of is.keys()) if (!was.has(key)) touched.add(key);
  }
  if (touched.size === 0) return [];
  const [said, told]: [Routes, Routes] = [new Map(), new Map()];
  for (const name of names)
    for (const [situation, all] of [
      [before, said],
      [after, told],
    ] as const)
      for (const [key, attributes] of routesOf(name, situation))
        if (touched.has(key)) all.set(key, `${all.get(key) ?? ''}${attributes}`);
  return [...touched].sort().flatMap((key): AnnouncementForecast[] => {
    const [prefix = '', protocol, via = ''] = key.split(' ');
    const change = !told.has(key) ? 'goes' : !said.has(key) ? 'appears' : 'changes';
    return change === 'changes' && said.get(key) === told.get(key)
      ? []
      : [{ prefix, protocol: protocol === 'bgp' ? 'bgp' : 'layer2', via, change }];
  });
}

function routesOf(name: string, situation: Situation): Routes {
  const routes: Routes = new Map();
  const entry = situation.table.winner(name)?.service;
  if (entry === undefined) return routes;
  for (const { view: id, prefix, attributes } of situation.planOf(entry).routes) {
    const text = formatPrefix(prefix);
    const said = saying(attributes);
    const view = situation.views.find((candidate) => candidate.id === id);
    for (const peer of view?.peers ?? []) routes.set(`${text} bgp ${peer}`, said);
  }
  for (const { address, via } of situation.lanPlanOf(entry).wishes)
    routes.set(`${formatPrefix(hostPrefix(address))} layer2 ${via}`, '');
  return routes;
}

const saying = (attributes: RouteAttributes): string =>
  JSON.stringify(Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1)));

const weight: Readonly<Record<Effect, number>> = { hot: 0, refresh: 1, reset: 2 };

function sessionForecasts(before: Config, after: Config): SessionForecast[] {
  const known = new Map(before.bgpPeers.map((peer) => [peer.name, peer]));
  const wanted = new Set(after.bgpPeers.map(({ name }) => name));
  const own: Impact[] = before.bgp.routerId === after.bgp.routerId ? [] : [{ field: 'routerID', effect: 'reset' }];
  return [
    ...after.bgpPeers.flatMap((peer): SessionForecast[] => {
      const old = known.get(peer.name);
      if (old === undefined) return [{ peer: peer.name, effect: 'added', fields: [] }];
      const fields = [...impact(old, peer), ...own];
      if (fields.length === 0) return [];
      const effect = fields.reduce<Effect>(
        (most, its) => (weight[its.effect] > weight[most] ? its.effect : most),
        'hot',
      );
      return [{ peer: peer.name, effect, fields }];
    }),
    ...before.bgpPeers
      .filter(({ name }) => !wanted.has(name))
      .map(({ name }): SessionForecast => ({ peer: name, effect: 'removed', fields: [] })),
  ];
}
