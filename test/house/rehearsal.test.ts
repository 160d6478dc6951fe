import assert from 'node:assert/strict';
import type { ToSpeaker } from '../../src/bgp/protocol.js';
import { rehearse } from '../../src/house/rehearsal.js';
import { SpeakerPort } from '../../src/io/bgp-thread.js';
import { FakeHouse } from '../api/fake-house.js';
import { configured } from '../plan/given.js';

describe('a dress rehearsal', () => {
  const config = configured(
    [
      'loadBalancerClass: herald.example/bgp',
      'bgpAdvertisements: [{ name: only, peers: [tor-1], serviceSelectors: [{ matchLabels: { team: web } }] }]',
      'safety: { maxWithdrawPercent: 10 }',
    ].join('\n'),
    2,
  );
  const play = async (isCalledOff = () => false) => {
    const house = new FakeHouse();
    const told: ToSpeaker[] = [];
    const stage = () => new SpeakerPort((message) => void told.push(message));
    await rehearse({ house, config, bgp: { stage }, isCalledOff });
    return { house, told };
  };

  it('announces and withdraws on the stage, whatever is configured, and ends', async () => {
    const { told } = await play();
    const [first] = told;
    assert.equal(first?.kind === 'configure' && first.settings.peers.length, 2);
    const changes = told.flatMap((message) => (message.kind === 'changeRoutes' ? [...message.columns.attributes] : []));
    assert.ok(changes.includes(0) && changes.some((id) => id !== 0));
    assert.equal(told.at(-1)?.kind, 'stop');
  });

  it('leaves the house as it is', async () => {
    const { house } = await play();
    assert.deepEqual(house.written, []);
  });

  it('can be called off at any time', async () => {
    let changes = 0;
    const { told } = await play(() => ++changes > 3);
    assert.equal(told.filter(({ kind }) => kind === 'changeRoutes').length, 3);
    assert.equal(told.at(-1)?.kind, 'stop');
  });
});
