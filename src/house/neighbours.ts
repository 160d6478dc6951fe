// Neighbours that must answer for an interface to count: asked on every interface where an advertisement wants it.

import type { TrackBody } from '../api/lan.js';
import type { L2Advertisement, Track } from '../config/config.js';
import { chooser, type Segment } from '../l2/interfaces.js';
import { Tracker } from '../l2/tracker.js';
import { formatAddress } from '../net/address.js';
import { trackKey } from '../plan/layer2.js';
import type { LanWorld } from './lan-world.js';

interface Asked {
  readonly key: string;
  readonly track: Track;
  readonly link: number;
  readonly device: string;
  readonly tracker: Tracker;
}

export class Neighbours {
  readonly #world: LanWorld;
  readonly #hear: (track: string, link: number, isReachable: boolean) => void;
  #asked: readonly Asked[] = [];

  constructor(world: LanWorld, hear: (track: string, link: number, isReachable: boolean) => void) {
    this.#world = world;
    this.#hear = hear;
  }

  /** From now on these; what is asked already goes on undisturbed. */
  follow(advertisements: readonly L2Advertisement[], segments: readonly Segment[]): void {
    const wanted = new Map<string, Omit<Asked, 'tracker'>>();
    for (const { isHere, track, interfaces } of advertisements) {
      if (!isHere || track === undefined) continue;
      const places =
        interfaces.length === 0
          ? segments.filter(({ isExcluded }) => !isExcluded)
          : chooser(interfaces, segments)(track.target);
      for (const { index, name } of places)
        wanted.set(`${trackKey(track)} ${index} ${name}`, { key: trackKey(track), track, link: index, device: name });
    }
    const kept = this.#asked.filter((one) => wanted.has(nameOf(one)));
    for (const one of this.#asked) if (!kept.includes(one)) this.#stop(one);
    const known = new Set(kept.map(nameOf));
    const added = [...wanted].filter(([name]) => !known.has(name)).map(([, one]) => this.#start(one));
    this.#asked = [...kept, ...added];
  }

  on(link: number): TrackBody[] {
    return this.#asked
      .filter((one) => one.link === link)
      .map(({ track, tracker: { isUp, problem } }) => ({
        address: formatAddress(track.target),
        reachable: isUp,
        problem,
      }));
  }

  close(): void {
    for (const { tracker } of this.#asked) tracker.close();
    this.#asked = [];
  }

  #start(wanted: Omit<Asked, 'tracker'>): Asked {
    const { key, track, link, device } = wanted;
    const { echo, timers } = this.#world;
    const tracker = new Tracker({ ...track, device }, echo, timers, (isUp) => this.#hear(key, link, isUp));
    return { ...wanted, tracker };
  }

  #stop({ key, link, tracker }: Asked): void {
    tracker.close();
    this.#hear(key, link, false);
  }
}

const nameOf = ({ key, link, device }: Asked): string => `${key} ${link} ${device}`;
