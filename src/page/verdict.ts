// The sentence at the top of the page: is all well, and if not, what wants a look. Graver things first.

import type { LanInterface, Peer, Pool, PoolUsage, Status } from './api.js';
import { formatCount, formatPercent, plural, share } from './format.js';

export type Mood = 'good' | 'wait' | 'bad' | 'off';

export interface Matter {
  readonly mood: 'wait' | 'bad';
  readonly subject: string;
  readonly text: string;
  readonly details: readonly string[];
}

export interface Facts {
  readonly status: Status;
  readonly peers: readonly Peer[];
  readonly pools: readonly Pool[];
  readonly interfaces: readonly LanInterface[];
}

export interface Verdict {
  readonly mood: Mood;
  readonly sentence: string;
  readonly matters: readonly Matter[];
}

/** Used up to this share, a pool wants a look. */
const nearlyFull = 0.9;

export function verdict(facts: Facts): Verdict {
  const { status, peers } = facts;
  const matters = [...ofHerald(status), ...peers.flatMap(ofPeer), ...facts.interfaces.flatMap(ofInterface)];
  matters.push(...facts.pools.flatMap(ofPool));
  matters.sort((a, b) => Number(b.mood === 'bad') - Number(a.mood === 'bad'));
  const mood = matters.some((matter) => matter.mood === 'bad') ? 'bad' : matters.length > 0 ? 'wait' : 'good';
  if (mood !== 'good')
    return { mood, sentence: `${plural(matters.length, 'matter needs', 'matters need')} a look`, matters };
  return { mood, sentence: allIsWell(status, peers), matters };
}

function allIsWell({ counts }: Status, peers: readonly Peer[]): string {
  const said = [];
  if (peers.length > 0)
    said.push(`${plural(counts.announcedBgp, 'prefix', 'prefixes')} announced to ${plural(peers.length, 'peer')}`);
  if (counts.announcedLayer2 > 0) said.push(`${plural(counts.announcedLayer2, 'address', 'addresses')} on the LAN`);
  return said.length === 0 ? 'All is well' : `All is well: ${said.join(', ')}`;
}

function ofHerald({ ready, drained, draining, config, sources, listeners, http, layer2 }: Status): Matter[] {
  const matters: Matter[] = [];
  const add = (mood: Matter['mood'], subject: string, text: string, details: readonly string[] = []): void => {
    matters.push({ mood, subject, text, details });
  };
  if (config.stale) add('bad', 'configuration', 'what is on disk is not in force; the one before is', config.problems);
  if (config.confirmBefore !== undefined)
    add(
      'wait',
      'configuration',
      `goes back to the one before unless it is confirmed before ${config.confirmBefore.slice(11, 19)} UTC`,
    );
  for (const { name, stale, problems } of sources) {
    if (stale) add('bad', `source ${name}`, 'cannot be used as it is; its last good table is in force', problems);
    else if (problems.length > 0) add('wait', `source ${name}`, plural(problems.length, 'problem'), problems);
  }
  for (const { address, port, problem } of [...listeners, ...(http ? [http] : [])])
    if (problem !== '') add('bad', `listener ${address} port ${port}`, problem);
  for (const problem of layer2.problems) add('bad', 'LAN', problem);
  if (draining) add('wait', 'draining', 'everything is announced as a last resort, and about to be withdrawn');
  if (drained) add('wait', 'drained', 'nothing is announced until it is undrained');
  if (!ready && matters.length === 0) add('wait', 'herald', 'is not ready yet');
  return matters;
}

function ofPeer({ name, state, adminState, lastError }: Peer): Matter[] {
  if (adminState === 'disabled')
    return [{ mood: 'wait', subject: `peer ${name}`, text: 'is disabled until it is enabled', details: [] }];
  if (state === 'Established' || adminState === 'shutdown') return [];
  const why = lastError === null || lastError.text === '' ? '' : `: ${lastError.text}`;
  return [{ mood: 'bad', subject: `peer ${name}`, text: `is ${state}${why}`, details: [] }];
}

function ofInterface({ name, problem, conflicts, tracks }: LanInterface): Matter[] {
  const subject = `interface ${name}`;
  const matters: Matter[] = problem === '' ? [] : [{ mood: 'bad', subject, text: problem, details: [] }];
  if (conflicts.length > 0) {
    const details = conflicts
      .slice(-10)
      .map(({ address, mac, count }) => `${address} is claimed by ${mac}, ${plural(count, 'time')}`);
    matters.push({ mood: 'bad', subject, text: 'another host claims what is announced here', details });
  }
  for (const { address, reachable } of tracks)
    if (!reachable) matters.push({ mood: 'wait', subject, text: `${address} does not answer`, details: [] });
  return matters;
}

function ofPool({ name, state, ipv4, ipv6 }: Pool): Matter[] {
  if (state === 'disabled') return [];
  return [['IPv4', ipv4] as const, ['IPv6', ipv6] as const].flatMap(([family, usage]) =>
    usage === undefined ? [] : ofUsage(`pool ${name}`, family, usage),
  );
}

function ofUsage(subject: string, family: string, { capacity, inUse }: PoolUsage): Matter[] {
  const used = share(inUse, capacity);
  if (used < nearlyFull) return [];
  const text =
    used >= 1
      ? `has no ${family} address left of ${formatCount(capacity)}`
      : `is ${formatPercent(inUse, capacity)} full of ${family}`;
  return [{ mood: 'wait', subject, text, details: [] }];
}
