import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { BgpAdvertisement, BgpPeer } from '../../src/config/config.js';
import { assignViews, type View } from '../../src/plan/views.js';
import { configured } from './given.js';

const { bgpPeers, bgpAdvertisements } = configured('', 5);
const advertisement = (name: string, ...peers: string[]): BgpAdvertisement => ({
  ...bgpAdvertisements[0]!,
  name,
  peers,
});
const peers = (...numbers: number[]): BgpPeer[] => numbers.map((number) => bgpPeers[number - 1]!);
const described = (views: readonly View[]): string[] =>
  views.map(({ id, peers: names }) => `${id}: ${names.join(' ')}`);

describe('Views', () => {
  it('are shared by peers that are offered the same', () => {
    const views = assignViews(peers(1, 2, 3), [advertisement('all'), advertisement('some', 'tor-2')], []);
    assert.deepEqual(described(views), ['1: tor-1 tor-3', '2: tor-2']);
    assert.deepEqual(
      views.map(({ advertisements }) => advertisements.map(({ name }) => name)),
      [['all'], ['all', 'some']],
    );
  });

  it('keep their number while all of their peers stay together, whatever they are offered', () => {
    const before = assignViews(peers(1, 2), [advertisement('a', 'tor-1'), advertisement('b', 'tor-2')], []);
    assert.deepEqual(described(assignViews(peers(1, 2), [advertisement('c', 'tor-2')], before)), [
      '1: tor-1',
      '2: tor-2',
    ]);
    assert.deepEqual(described(assignViews(peers(1, 2, 3), [advertisement('all')], before)), ['1: tor-1 tor-2 tor-3']);
    assert.deepEqual(described(assignViews(peers(2), [advertisement('all')], before)), ['2: tor-2']);
  });

  it('are new for peers that part', () => {
    const before = assignViews(peers(1, 2, 3), [advertisement('all')], []);
    const after = assignViews(peers(1, 2, 3), [advertisement('all'), advertisement('more', 'tor-1')], before);
    assert.deepEqual(described(after), ['2: tor-1', '3: tor-2 tor-3']);
  });

  it('hold each peer once, never take a number over from peers that have gone elsewhere', () => {
    const offer = fc.array(
      fc.subarray(bgpPeers.map(({ name }) => name)).map((names) => names),
      { maxLength: 3 },
    );
    const some = fc.subarray([...bgpPeers]);
    fc.assert(
      fc.property(some, offer, some, offer, (first, firstOffers, second, secondOffers) => {
        const offered = (offers: string[][]): BgpAdvertisement[] =>
          offers.map((names, i) => advertisement(`ad-${i}`, ...names));
        const before = assignViews(first, offered(firstOffers), []);
        const after = assignViews(second, offered(secondOffers), before);
        assert.deepEqual(
          after.flatMap((view) => view.peers).sort(),
          second.map(({ name }) => name),
        );
        assert.equal(new Set(after.map(({ id }) => id)).size, after.length);
        for (const { id, peers: names } of before) {
          const staying = names.filter((name) => second.some((peer) => peer.name === name));
          const kept = after.find((view) => view.id === id);
          if (kept !== undefined) assert.ok(staying.length > 0 && staying.every((name) => kept.peers.includes(name)));
        }
      }),
    );
  });
});
