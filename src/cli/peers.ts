// `herald peers`: the BGP sessions, or one of them in full, or what one of them is told to do.

import type { PeerStatus } from '../bgp/protocol.js';
import { nearest } from '../nearest.js';
import { callApi, pathOf, Refusal } from './client.js';
import { type Command, type Given, tell } from './command.js';
import { type ExitCode, exitCodes, usageFailure } from './exit.js';
import { read, readingOptions } from './reading.js';
import { cell, facts, type Screen, table } from './table.js';
import { duration, lastError, moment, peerState } from './words.js';
import type { World } from './world.js';

const verbs = ['enable', 'disable', 'reset', 'refresh'] as const;
type Verb = (typeof verbs)[number];
const isVerb = (word: string): word is Verb => verbs.some((verb) => verb === word);

export const peers: Command = {
  words: 'peers [action] [name]',
  summary: 'The BGP peers, or one in full; or enable, disable, reset or refresh one',
  positionals: {
    action: 'enable, disable, reset or refresh, with the name of a peer behind it. One word alone is a name',
    name: 'the name of a peer; none: all of them',
  },
  options: {
    message: {
      type: 'string',
      value: 'TEXT',
      summary: 'what disable and reset tell the operator of the peer, at most 255 octets (RFC 9003)',
    },
    ...readingOptions,
  },
  examples: [
    ['herald peers --watch', 'while a session comes up'],
    ['herald peers tor-1', 'with capabilities, counters and the last error'],
    ['herald peers disable tor-1 --message "new optics, back at noon"', 'until it is enabled, or herald restarts'],
    ['herald peers enable tor-1', ''],
    ['herald peers refresh tor-1', 'send it everything again, without closing the session'],
  ],
  run: (given, world) => {
    // One word alone is a name: whatever a peer is called, it can be looked at and commanded.
    const [action, name] = [given.optionalText('action'), given.optionalText('name')];
    if (action !== undefined && name !== undefined) return command(action, name, given, world);
    if (given.optionalText('message') !== undefined) throw usageFailure('--message goes with disable and reset');
    if (action === undefined) return read('/v1/peers', list, given, world);
    return read(`/v1/peers/${pathOf(action)}`, detail, given, world).catch((error: unknown) => {
      const isNone = error instanceof Refusal && error.code === 'noSuchPeer';
      throw isNone && isVerb(action) ? usageFailure(`something is missing: herald peers ${action} NAME`) : error;
    });
  },
};

async function command(verb: string, name: string, given: Given, world: World): Promise<ExitCode> {
  if (!isVerb(verb)) {
    const meant = nearest(verb, verbs);
    const hint = meant === undefined ? `there are ${verbs.join(', ')}` : `did you mean ${meant}?`;
    throw usageFailure(`nothing that can be done to ${name} is called ${verb}; ${hint}`);
  }
  const message = given.optionalText('message');
  const hasMessage = verb === 'disable' || verb === 'reset';
  if (message !== undefined && !hasMessage) throw usageFailure(`--message goes with disable and reset, not ${verb}`);
  if (given.flag('watch')) throw usageFailure('--watch is for looking: herald peers --watch');
  const body = hasMessage ? { message } : undefined;
  const text = await callApi(given.text('socket'), 'POST', `/v1/peers/${pathOf(name)}/${verb}`, body);
  const peer: PeerStatus = JSON.parse(text);
  tell(text, outcome(verb, peer), given, world);
  return exitCodes.done;
}

function outcome(verb: Verb, { name, state, adminState }: PeerStatus): string {
  switch (verb) {
    case 'enable':
      return `${name} is enabled: ${state}`;
    case 'disable':
      return adminState === 'shutdown'
        ? `${name} is disabled as well as shut down by the configuration`
        : `${name} is disabled, until it is enabled or herald restarts`;
    case 'reset':
      return `${name} is reset: ${state}`;
    case 'refresh':
      return state === 'Established'
        ? `${name} is sent everything again`
        : `${name} is ${state}: it is sent everything once it is Established`;
  }
}

function list({ peers: all }: { readonly peers: readonly PeerStatus[] }, screen: Screen): string[] {
  if (all.length === 0) return ['No BGP peers are configured for this node.'];
  return table(
    [
      { heading: 'NAME', least: 8 },
      { heading: 'ADDRESS', least: 15 },
      { heading: 'ASN', isNumber: true },
      { heading: 'STATE' },
      { heading: 'UP', isNumber: true },
      { heading: 'SENT', isNumber: true },
      { heading: 'WAITING', isNumber: true },
      { heading: 'LAST ERROR', least: 10 },
    ],
    all.map((peer) => [
      cell(peer.name),
      cell(peer.address),
      cell(peer.asn ?? '?'),
      peerState(peer),
      cell(peer.uptimeSeconds > 0 ? duration(peer.uptimeSeconds) : ''),
      cell(peer.announcedPrefixes),
      cell(peer.pendingPrefixes > 0 ? peer.pendingPrefixes : ''),
      cell(lastError(peer), peer.state === 'Established' ? 'quiet' : 'bad'),
    ]),
    screen,
  );
}

function detail(peer: PeerStatus, screen: Screen): string[] {
  const { lastError: error, messages, capabilities, updateFaults: faults } = peer;
  const isUp = peer.state === 'Established';
  const who = peer.remoteRouterId === '' ? '' : `, router ID ${peer.remoteRouterId}`;
  const kinds = ['open', 'update', 'notification', 'keepalive', 'routeRefresh'] as const;
  return [
    ...facts(
      [
        ['Peer', peer.name],
        ['Description', peer.description],
        ['State', peerState(peer)],
        ['Up', isUp ? duration(peer.uptimeSeconds) : ''],
        ['Flaps', peer.flaps > 0 ? String(peer.flaps) : ''],
        ['Neighbour', `${peer.address} port ${peer.port}, AS ${peer.asn ?? 'not known yet'}${who}`],
        [
          'Ourselves',
          `${peer.localAddress === '' ? '' : `${peer.localAddress}, `}AS ${peer.localAsn}, router ID ${peer.routerId}`,
        ],
        ['Connects', peer.passive ? 'passive: waits for the peer' : ''],
        [
          'Timers',
          `hold ${peer.holdTimeSeconds} s, keepalive ${peer.keepaliveSeconds} s${isUp ? '' : ' (configured)'}`,
        ],
        ['Families', peer.families.join(', ')],
        [
          'Prefixes',
          `${peer.announcedPrefixes} announced, ${peer.pendingPrefixes} waiting, ${peer.receivedPrefixes} received`,
        ],
        [
          'Faulty UPDATEs',
          faults.treatAsWithdraw + faults.attributeDiscard > 0
            ? `${faults.treatAsWithdraw} treated as withdrawal, ${faults.attributeDiscard} with attributes discarded`
            : '',
        ],
        ['Last error', error === null ? 'none' : cell(lastError(peer), isUp ? 'quiet' : 'bad')],
        ['', error === null ? '' : moment(error.at)],
        ['We offer', capabilities.local.join(', ')],
        ['Peer offers', capabilities.remote.join(', ')],
      ],
      screen,
    ),
    '',
    ...table(
      [{ heading: 'MESSAGES' }, { heading: 'SENT', isNumber: true }, { heading: 'RECEIVED', isNumber: true }],
      kinds.map((kind) => [cell(kind), cell(messages.sent[kind]), cell(messages.received[kind])]),
      screen,
    ),
  ];
}
