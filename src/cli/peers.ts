// `herald peers`: the BGP sessions, or one of them in full.

import type { PeerStatus } from '../bgp/protocol.js';
import { pathOf } from './client.js';
import type { Command } from './command.js';
import { read, readingOptions } from './reading.js';
import { cell, facts, type Screen, table } from './table.js';
import { duration, lastError, moment, peerState } from './words.js';

export const peers: Command = {
  words: 'peers [name]',
  summary: 'The BGP peers, or one in full',
  positionals: { name: 'the name of a peer' },
  options: readingOptions,
  examples: [
    ['herald peers --watch', 'while a session comes up'],
    ['herald peers tor-1', 'with capabilities, counters and the last error'],
  ],
  run: (given, world) => {
    const name = given.optionalText('name');
    return name === undefined
      ? read('/v1/peers', list, given, world)
      : read(`/v1/peers/${pathOf(name)}`, detail, given, world);
  },
};

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
