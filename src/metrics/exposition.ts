// What Prometheus reads, made when it asks, of what the house says then: nothing is kept beside what it describes, so a
// series vanishes with its peer or service. The text form is prom-client's; announcements, of which there may be a hundred
// thousand, are written piece by piece in the same form.

import { setImmediate as nextTurn } from 'node:timers/promises';
import { Registry } from 'prom-client';
import type { House, ServiceBody, StatusBody } from '../api/house.js';
import type { PeerStatus } from '../bgp/protocol.js';
import { type Facts, type Family, families } from './families.js';
import { compatibility } from './metallb.js';
import type { ProcessMetrics } from './process.js';

const servicesPerPiece = 500;

/** Pieces of one exposition; the event loop turns between them. */
export async function* exposition(
  house: Pick<House, 'status' | 'peers' | 'propagation' | 'services' | 'pools' | 'interfaces'>,
  own: ProcessMetrics,
  compat: '' | 'metallb',
): AsyncGenerator<string> {
  const [status, peers]: [StatusBody, readonly PeerStatus[]] = [await house.status(), await house.peers()];
  const rows = compat === 'metallb' ? [...families, ...compatibility] : families;
  const states = new Map<string, number>();
  for (const row of rows) if (row.announced !== undefined) yield* announcedSamples(row, house, status.node, states);
  const propagation = await house.propagation();
  const facts: Facts = { status, peers, propagation, pools: house.pools(), interfaces: house.interfaces(), states };
  const registry = new Registry();
  for (const row of rows) row.register?.(registry, facts);
  for (const row of rows) if (row.text !== undefined) yield row.text(facts);
  yield await registry.metrics();
  yield '\n';
  yield await own.text();
}

/** A family stands together; so for each of them services are walked through once more, and nothing of it is kept. */
async function* announcedSamples(
  row: Family,
  house: Pick<House, 'services'>,
  node: string,
  states: Map<string, number>,
): AsyncGenerator<string> {
  states.clear();
  let text = header(row);
  let count = 0;
  for (const service of house.services({})) {
    states.set(service.state, (states.get(service.state) ?? 0) + 1);
    text += announcedLines(service, row, node);
    if (++count % servicesPerPiece > 0) continue;
    yield text;
    text = '';
    await nextTurn();
  }
  yield text;
}

const header = ({ name, help }: Family): string => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n`;

function announcedLines(service: ServiceBody, { name, announced }: Family, node: string): string {
  let text = '';
  for (const { prefix, protocol, via, state } of service.announcements) {
    if (state !== 'announced') continue;
    const labels = Object.entries(
      announced?.({ service: service.name, protocol, via, ip: withoutHostLength(prefix), node }) ?? {},
    );
    text += `${name}{${labels.map(([key, value]) => `${key}="${escaped(value)}"`).join(',')}} 1\n`;
  }
  return text;
}

const withoutHostLength = (prefix: string): string => prefix.replace(prefix.includes(':') ? /\/128$/ : /\/32$/, '');

/** The text format's rule for label values. */
const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
