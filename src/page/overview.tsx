// The top of the page, readable from across the room: is all well, and the few numbers that say how much there is.

import type { ComponentChildren } from 'preact';
import type { Status } from './api.js';
import { formatCount, formatMoment, plural } from './format.js';
import { Mark } from './parts.js';
import type { Facts, Matter, Verdict } from './verdict.js';
import { verdict } from './verdict.js';

const mattersShown = 6;
const detailsShown = 5;

interface HeadlineProps {
  readonly facts: Facts;
  /** Why herald does not answer; empty while it does. */
  readonly failure: string;
  readonly atMs: number;
}

export function Headline({ facts, failure, atMs }: HeadlineProps) {
  const { mood, sentence, matters } = failure === '' ? verdict(facts) : lost(failure, atMs);
  const hidden = matters.length - mattersShown;
  return (
    <section class={`headline ${mood}`} aria-label="Verdict">
      <p class="sentence" role="status">
        <Mark mood={mood} />
        {sentence}
      </p>
      {matters.length === 0 ? null : (
        <ul>
          {matters.slice(0, mattersShown).map((matter) => (
            <Point key={`${matter.subject} ${matter.text}`} {...matter} />
          ))}
          {hidden > 0 ? <li class="muted">and {hidden} more</li> : null}
        </ul>
      )}
    </section>
  );
}

const lost = (failure: string, atMs: number): Verdict => ({
  mood: 'bad',
  sentence: `${failure}; what stands below is from ${new Date(atMs).toISOString().slice(11, 19)}`,
  matters: [],
});

const Point = ({ mood, subject, text, details }: Matter) => (
  <li>
    <Mark mood={mood} />
    <span>
      <strong>{subject}</strong> {text}
      {details.slice(0, detailsShown).map((detail) => (
        <span key={detail} class="under code">
          {detail}
        </span>
      ))}
      {details.length > detailsShown ? <span class="under">and {details.length - detailsShown} more</span> : null}
    </span>
  </li>
);

export function Tiles({ status, nowMs }: { readonly status: Status; readonly nowMs: number }) {
  const { counts, sources, config } = status;
  const waiting = counts.services - counts.allocated;
  return (
    <dl class="tiles">
      <Tile name="BGP peers up" value={counts.peersEstablished} note={`of ${formatCount(counts.peers)}`} />
      <Tile name="Announced over BGP" value={counts.announcedBgp} note="prefixes" />
      <Tile name="Announced on the LAN" value={counts.announcedLayer2} note="addresses" />
      <Tile
        name="Services"
        value={counts.services}
        note={waiting > 0 ? `${formatCount(waiting)} without an address` : 'all allocated'}
      />
      <Tile
        name="Sources"
        value={sources.length}
        note={sources.map(({ name, stale }) => (stale ? `${name} (stale)` : name)).join(', ')}
      />
      <Tile
        name="Configuration"
        value={formatMoment(config.loadedAt, nowMs)}
        note={
          config.stale
            ? 'not what is on disk'
            : config.problems.length > 0
              ? plural(config.problems.length, 'warning')
              : 'loaded'
        }
      />
    </dl>
  );
}

interface TileProps {
  readonly name: string;
  readonly value: number | string;
  readonly note: ComponentChildren;
}

const Tile = ({ name, value, note }: TileProps) => (
  <div>
    <dt>{name}</dt>
    <dd>
      <span class="value">{typeof value === 'number' ? formatCount(value) : value}</span>
      <span class="note">{note}</span>
    </dd>
  </div>
);
