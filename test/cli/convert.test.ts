import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseConfig } from '../../src/config/parse.js';
import { formatProblem } from '../../src/problem.js';
import { type } from './operator.js';

const everything = new URL('../fixtures/metallb/everything.yaml', import.meta.url).pathname;
const environment = { hostName: 'worker-1', readFile: () => new Error('none') };

const object = (kind: string, spec: string, version = 'v1beta1', name = 'sample'): string =>
  `apiVersion: metallb.io/${version}\nkind: ${kind}\nmetadata: { name: ${name}, namespace: metallb-system }\nspec: ${spec}\n`;
const pool = object('IPAddressPool', '{ addresses: [192.0.2.0/24] }', 'v1beta1', 'bgp-with-advertisement');
const peer = (more = ''): string =>
  object('BGPPeer', `{ myASN: 64512, peerASN: 64512, peerAddress: 172.30.0.3${more} }`, 'v1beta2', 'peer');

describe('herald convert metallb', () => {
  let directory = '';
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'herald-convert-'));
  });
  after(() => rmSync(directory, { recursive: true }));

  async function convert(...texts: readonly string[]) {
    const files = texts.map((text, index) => {
      const file = join(directory, `${index}.yaml`);
      writeFileSync(file, text);
      return file;
    });
    return type(['convert', 'metallb', ...files]);
  }

  it('prints a configuration that herald takes, and names in comments what it has nothing for', async () => {
    const { code, out, err } = await type(['convert', 'metallb', everything]);
    assert.equal(code, 0);
    const { config, problems } = parseConfig(out, 'herald.yaml', environment);
    assert.deepEqual(problems.filter(({ severity }) => severity === 'error').map(formatProblem), []);
    assert.deepEqual(
      config?.addressPools.map(({ name }) => name),
      ['production', 'cheap'],
    );
    const comments = out.split('\n').flatMap((line) => /^\s*# (.*)$/.exec(line)?.[1] ?? []);
    for (const expected of [
      'IPAddressPool metallb-system/production',
      'Community metallb-system/names',
      'spec.communities: written out, being the name of a well-known community: NO_ADVERTISE',
      'spec.keepaliveTime: 0s goes only with a holdTime of 0s; a third of the hold time is taken',
      'spec.someday: no equivalent; left out',
      'passwordFile: /etc/herald/tor-secret.password',
      'spec.disableMP: of no effect; families decides what is announced',
      "Deployment objects are none of MetalLB's; left out",
      'Service objects are no configuration but a table: name their file under sources',
    ])
      assert(comments.includes(expected), `${expected}\n${out}`);
    assert.match(out, /# +spec\.preferredNodeSelectors: no equivalent/);
    assert.match(err, /^herald: 8 objects converted, \d+ notes in its comments\n$/);
  });

  it('keeps what the fields say', async () => {
    const { out } = await type(['convert', 'metallb', everything]);
    const { config } = parseConfig(out, 'herald.yaml', {
      ...environment,
      hostName: 'worker-1',
    });
    const [advertisement] = config?.bgpAdvertisements ?? [];
    assert.equal(advertisement?.attributes.localPref, 150);
    assert.equal(advertisement?.attributes.communities?.length, 3);
    assert.deepEqual(advertisement?.pools, ['production']);
    // tor is for another rack.
    assert.deepEqual(
      config?.bgpPeers.map(({ name, ebgpMultiHopTtl }) => [name, ebgpMultiHopTtl]),
      [['spine', 255]],
    );
    assert.match(out, /receiveInterval: 150ms/);
    assert.match(out, /holdTime: 9m0s/);
  });

  for (const [what, ...texts] of [
    ['a pool alone', pool],
    [
      'a pool of ranges with selectors',
      object(
        'IPAddressPool',
        '{ addresses: [192.0.2.1-192.0.2.9], serviceAllocation: { priority: 50, namespaces: [a], namespaceSelectors: [{ matchLabels: { foo: bar } }] } }',
      ),
    ],
    ['a simple peer', peer()],
    ['a peer with session options', peer(', connectTime: 120s')],
    [
      'a peer with a secret',
      peer(', holdTime: 9m0s, keepaliveTime: 0s, passwordSecret: { name: secretname }, peerPort: 179'),
    ],
    ['a peer in a VRF', peer(', vrf: red')],
    [
      'a peer with a BFD profile',
      peer(', bfdProfile: fast'),
      object('BFDProfile', '{ receiveInterval: 380, transmitInterval: 280 }', 'v1beta1', 'fast'),
    ],
    [
      'an advertisement with communities',
      pool,
      object(
        'BGPAdvertisement',
        '{ ipAddressPools: [bgp-with-advertisement], communities: ["65535:65282"], localPref: 150 }',
      ),
    ],
    [
      'an advertisement by an alias',
      pool,
      object('BGPAdvertisement', '{ ipAddressPools: [bgp-with-advertisement], communities: [NOTHING] }'),
      object('Community', '{ communities: [{ name: NOTHING, value: "65535:65282" }] }', 'v1beta1', 'names'),
    ],
    [
      'an advertisement by node',
      pool,
      object('BGPAdvertisement', '{ nodeSelectors: [{ matchLabels: { kubernetes.io/hostname: worker } }] }'),
    ],
    ['an empty advertisement', pool, peer(), object('BGPAdvertisement', '{}')],
    ['a LAN', pool, object('L2Advertisement', '{ ipAddressPools: [bgp-with-advertisement] }')],
    [
      'a LAN by node',
      pool,
      object('L2Advertisement', '{ nodeSelectors: [{ matchLabels: { kubernetes.io/hostname: worker } }] }'),
    ],
  ] as const)
    it(`converts ${what}, and nothing is left over`, async () => {
      const { code, out, err } = await convert(...texts);
      assert.equal(code, 0);
      const { problems } = parseConfig(out, 'herald.yaml', environment);
      assert.deepEqual(problems.filter(({ severity }) => severity === 'error').map(formatProblem), [], out);
      assert.equal(/no equivalent/.test(out), false, out);
      assert.match(err, new RegExp(`^herald: ${texts.length} objects? converted`));
    });

  it('makes a pool and its advertisements of a pool as it was before 0.13', async () => {
    const { out } = await convert(
      object(
        'AddressPool',
        '{ protocol: bgp, addresses: [192.0.2.0/28], autoAssign: false, bgpAdvertisements: [{ aggregationLength: 28, localPref: 100 }, { communities: ["64512:1"] }] }',
      ),
      object('AddressPool', '{ protocol: layer2, addresses: [198.51.100.0/28] }', 'v1alpha1', 'lan'),
    );
    const { config } = parseConfig(out, 'herald.yaml', environment);
    assert.deepEqual(
      config?.bgpAdvertisements.map(({ name, pools, aggregationLength }) => [name, pools, aggregationLength]),
      [
        ['sample-1', ['sample'], 28],
        ['sample-2', ['sample'], 32],
      ],
    );
    assert.match(out, / {2}- name: lan\n {4}ipAddressPools:\n {6}- lan/);
  });

  it('announces nothing over BGP where MetalLB would not', async () => {
    const { out } = await convert(pool, peer());
    const { config } = parseConfig(out, 'herald.yaml', environment);
    assert.deepEqual(config?.bgpAdvertisements, []);
    assert.match(out, /^# No BGPAdvertisement: nothing is announced over BGP\.$/m);
  });

  it('says what is still wrong with the result', async () => {
    const { code, err } = await convert(object('BGPAdvertisement', '{ ipAddressPools: [elsewhere] }'));
    assert.equal(code, 0);
    assert.match(err, /herald\.yaml:\d+:\d+: bgpAdvertisements\[0\]\.ipAddressPools\[0\]: .*elsewhere/);
  });

  it('refuses what is not YAML, holds nothing of MetalLB, or cannot be read', async () => {
    const broken = await convert('kind: [\n');
    assert.equal(broken.code, 78);
    assert.match(broken.err, /0\.yaml:\d+:\d+: /);
    const foreign = await convert('apiVersion: v1\nkind: Pod\n');
    assert.deepEqual([foreign.code, foreign.out], [78, '']);
    assert.equal((await type(['convert', 'metallb', join(directory, 'absent.yaml')])).code, 1);
    assert.equal((await type(['convert', 'haproxy', everything])).code, 64);
  });
});
