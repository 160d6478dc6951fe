// The BGP peers: how each session is, and how much is said on it.

import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { Peer } from './api.js';
import { formatCount, formatDuration } from './format.js';
import { Bar, Card, Moment, Scroll, State } from './parts.js';
import type { Mood } from './verdict.js';

interface PeersProps {
  readonly peers: readonly Peer[];
  readonly nowMs: number;
}

const mostShown = 100;

export function PeersCard({ peers, nowMs }: PeersProps) {
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
  const [isWhole, setWhole] = useState(false);
  const toggle = (name: string): void => {
    const next = new Set(open);
    if (!next.delete(name)) next.add(name);
    setOpen(next);
  };
  const most = Math.max(
    1,
    ...peers.map(({ announcedPrefixes, pendingPrefixes }) => announcedPrefixes + pendingPrefixes),
  );
  const up = peers.filter(({ state }) => state === 'Established').length;
  return (
    <Card
      title="BGP peers"
      area="peers"
      aside={peers.length === 0 ? undefined : `${up} of ${peers.length} established`}
    >
      {peers.length === 0 ? (
        <p class="empty">No peers are configured.</p>
      ) : (
        <Scroll label="Table of BGP peers">
          <table>
            <thead>
              <tr>
                <th scope="col">Peer</th>
                <th scope="col">State</th>
                <th scope="col" class="number optional">
                  Up
                </th>
                <th scope="col" class="number">
                  Announced
                </th>
                <th scope="col" class="bars optional">
                  <span class="unseen">Share of the most announced to a peer</span>
                </th>
                <th scope="col" class="number optional">
                  Pending
                </th>
                <th scope="col" class="number optional">
                  Received
                </th>
                <th scope="col" class="number optional">
                  Flaps
                </th>
              </tr>
            </thead>
            <tbody>
              {(isWhole ? peers : peers.slice(0, mostShown)).map((peer) => (
                <Fragment key={peer.name}>
                  <Row peer={peer} most={most} isOpen={open.has(peer.name)} toggle={() => toggle(peer.name)} />
                  {open.has(peer.name) ? <Details peer={peer} nowMs={nowMs} /> : null}
                </Fragment>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {!isWhole && peers.length > mostShown ? (
        <button type="button" class="quiet" onClick={() => setWhole(true)}>
          Show all {peers.length}
        </button>
      ) : null}
    </Card>
  );
}

function moodOf({ state, adminState }: Peer): Mood {
  if (adminState !== 'enabled') return 'off';
  if (state === 'Established') return 'good';
  return state === 'OpenSent' || state === 'OpenConfirm' ? 'wait' : 'bad';
}

function wordOf({ state, adminState }: Peer): string {
  switch (adminState) {
    case 'enabled':
      return state;
    case 'disabled':
      return 'Disabled';
    case 'shutdown':
      return 'Shut down';
  }
}

interface RowProps {
  readonly peer: Peer;
  readonly most: number;
  readonly isOpen: boolean;
  readonly toggle: () => void;
}

function Row({ peer, most, isOpen, toggle }: RowProps) {
  const isUp = peer.state === 'Established';
  const mood = moodOf(peer);
  return (
    <tr>
      <th scope="row">
        <button type="button" class="more" aria-expanded={isOpen} onClick={toggle}>
          {peer.name}
        </button>
        <span class="under">
          <span class="code">{peer.address}</span>
          {peer.asn === null ? '' : ` AS ${peer.asn}`}
        </span>
      </th>
      <td>
        <State mood={mood} word={wordOf(peer)} />
        {isUp || mood === 'off' || peer.lastError === null ? null : (
          <span class="under why">{peer.lastError.text}</span>
        )}
      </td>
      <td class="number optional">{isUp ? formatDuration(peer.uptimeSeconds) : <None />}</td>
      <td class="number">{formatCount(peer.announcedPrefixes)}</td>
      <td class="bars optional">
        <Bar solid={peer.announcedPrefixes / most} hatched={peer.pendingPrefixes / most} />
      </td>
      <td class="number optional">{peer.pendingPrefixes === 0 ? <None /> : formatCount(peer.pendingPrefixes)}</td>
      <td class="number optional">{formatCount(peer.receivedPrefixes)}</td>
      <td class="number optional">{formatCount(peer.flaps)}</td>
    </tr>
  );
}

const None = () => (
  <span class="muted">
    <span aria-hidden="true">–</span>
    <span class="unseen">none</span>
  </span>
);

function Details({ peer, nowMs }: { readonly peer: Peer; readonly nowMs: number }) {
  const { lastError, capabilities, messages, updateFaults } = peer;
  const sum = (counts: Peer['messages']['sent']): string =>
    `${formatCount(counts.update)} UPDATE, ${formatCount(counts.keepalive)} KEEPALIVE, ${formatCount(counts.notification)} NOTIFICATION`;
  const rows: readonly (readonly [string, unknown])[] = [
    ['Description', peer.description],
    ['Local', `${peer.localAddress} AS ${peer.localAsn}, identifier ${peer.routerId}`],
    [
      'Remote',
      `${peer.address} port ${peer.port}${peer.remoteRouterId === '' ? '' : `, identifier ${peer.remoteRouterId}`}`,
    ],
    ['Timers', `hold ${peer.holdTimeSeconds}s, keepalive ${peer.keepaliveSeconds}s`],
    ['Up', peer.uptimeSeconds === 0 ? '' : formatDuration(peer.uptimeSeconds)],
    ['Families', peer.families.join(', ')],
    ['Sent', sum(messages.sent)],
    ['Received', sum(messages.received)],
    [
      'Faulty UPDATEs',
      updateFaults.treatAsWithdraw + updateFaults.attributeDiscard === 0
        ? ''
        : `${updateFaults.treatAsWithdraw} treated as withdraw, ${updateFaults.attributeDiscard} with a discarded attribute`,
    ],
    ['Offered', capabilities.local.join(', ')],
    ['Peer offers', capabilities.remote.join(', ')],
  ];
  return (
    <tr class="details">
      <td colSpan={8}>
        <dl>
          {rows.map(([name, text]) =>
            text === '' ? null : (
              <Fragment key={name}>
                <dt>{name}</dt>
                <dd>{String(text)}</dd>
              </Fragment>
            ),
          )}
          {lastError === null ? null : (
            <>
              <dt>Last error</dt>
              <dd>
                <Moment at={lastError.at} nowMs={nowMs} />, {lastError.direction}
                {lastError.code === 0 ? '' : `, code ${lastError.code}/${lastError.subcode}`}: {lastError.text}
              </dd>
            </>
          )}
        </dl>
      </td>
    </tr>
  );
}
