import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findProblems } from '../../src/cli/check-files.js';
import { temporaryDirectory } from '../api/served.js';
import { type Outcome, type } from './operator.js';

const peers = 'bgp: { asn: 64512 }\nbgpPeers:\n  - { name: tor-1, peerAddress: 10.0.0.1, peerASN: 64500 }\n';

describe('herald check', () => {
  let directory: string;
  beforeEach(() => {
    directory = temporaryDirectory();
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (name: string, text: string): string => {
    const file = join(directory, name);
    writeFileSync(file, text);
    return file;
  };
  const check = (...words: string[]): Promise<Outcome> => type(['check', ...words]);

  it('finds nothing wrong with what is right', async () => {
    const table = write('table.yaml', 'services:\n  - { name: shop/web, addresses: [203.0.113.10] }\n');
    const config = write('herald.yaml', `${peers}sources: [{ file: table.yaml }]\n`);
    const { code, out, err } = await check('--config', config);
    assert.deepEqual({ code, out, err }, { code: 0, out: `${config}, ${table}: no problems\n`, err: '' });
  });

  it('names every problem of the configuration and of its tables by line, and exits 78', async () => {
    const table = write(
      'table.yaml',
      'services:\n  - name: a\n    addresses: [203.0.113.10, 300.0.0.1]\n  - name: b\n    adresses: []\n',
    );
    const config = write('herald.yaml', `${peers}sources: [{ file: ${table} }]\n`);
    const { code, out } = await check('--config', config);
    assert.equal(code, 78);
    assert.match(
      out,
      new RegExp(`^${table}:3:31: services\\[0\\]\\.addresses\\[1\\]: "300\\.0\\.0\\.1" is not an IP address$`, 'm'),
    );
    assert.match(out, new RegExp(`^${table}:5:\\d+: services\\[1\\]\\.adresses: .*did you mean addresses\\?$`, 'm'));
    const broken = write('broken.yaml', 'bgp: { asn: 0 }\nbgpPers: []\n');
    const second = await check('--config', broken);
    assert.equal(second.code, 78);
    assert.match(second.out, new RegExp(`^${broken}:1:\\d+: bgp\\.asn: .*\n${broken}:2:1: bgpPers: .*bgpPeers`));
  });

  it('reads every kind of table', async () => {
    const config = write('herald.yaml', peers);
    const tables = {
      'a.json': '{"services":[{"name":"a","addresses":["x"]}]}',
      'a.ndjson': '{"name":"a","addresses":["203.0.113.1"]}\n{"name":"b","addresses":["x"]}\n',
      'a.csv': 'prefix\n203.0.113.1/32\nx\n',
      'a.txt': 'x',
      'a.yaml': '',
    };
    for (const [name, text] of Object.entries(tables)) {
      const { code, out } = await check('--config', config, '--table', write(name, text));
      assert.equal(code, 78, name);
      assert.ok(out.startsWith(join(directory, name)), out);
    }
  });

  it('takes a missing configuration or table for a bad one', async () => {
    const config = write('herald.yaml', `${peers}sources: [{ file: nowhere.yaml }]\n`);
    assert.equal((await check('--config', config)).code, 78);
    assert.equal((await check('--config', join(directory, 'nowhere.yaml'))).code, 78);
  });

  it('looks at a table alone, unless a configuration is named that is not there', async () => {
    const table = write('table.yaml', 'services: []\n');
    const config = join(directory, 'nowhere.yaml');
    assert.deepEqual((await findProblems({ config, isConfigNamed: false, table })).problems, []);
    assert.equal((await check('--table', table, '--config', config)).code, 78);
    const byVariable = await type(['check', '--table', table], { variables: { HERALD_CONFIG: config } });
    assert.equal(byVariable.code, 78);
  });

  it('lets warnings pass, and says that a good entry will get nothing', async () => {
    const table = write('table.yaml', 'services:\n  - { name: shop/web, addresses: [192.0.2.1] }\n');
    const pool = 'addressPools: [{ name: p, addresses: [203.0.113.0/24] }]\n';
    const config = write('herald.yaml', `${peers}${pool}sources: [{ file: table.yaml }]\n`);
    const { code, out } = await check('--config', config);
    assert.equal(code, 0);
    assert.match(out, new RegExp(`^${table}: warning: shop/web: AddressNotInPool: 192\\.0\\.2\\.1 is in no`, 'm'));
  });

  it('gives the problems as JSON', async () => {
    const config = write('herald.yaml', 'bgpPers: []\n');
    const { code, out } = await check('--config', config, '--json');
    const { problems } = JSON.parse(out);
    assert.equal(code, 78);
    const { file, line, column, path, severity } = problems[0];
    assert.deepEqual([file, line, column, path, severity], [config, 1, 1, 'bgpPers', 'error']);
  });
});
