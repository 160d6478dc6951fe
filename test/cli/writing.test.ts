import assert from 'node:assert/strict';
import { Served } from '../api/served.js';
import { type Outcome, type } from './operator.js';

describe('herald, told what to do', () => {
  let served: Served;
  beforeEach(async () => {
    served = await Served.open();
  });
  afterEach(() => served.close());

  const tell = (line: string): Promise<Outcome> => type([...line.split(' '), '--socket', served.socket]);

  it('announces addresses, and prefixes as prefixes, in the source cli', async () => {
    const { code, out } = await tell('announce shop/new 203.0.113.10 192.0.2.0/24 2001:db8::10 --owner ops --force');
    assert.equal(code, 0);
    const entry = { addresses: ['203.0.113.10', '2001:db8::10'], prefixes: ['192.0.2.0/24'] };
    assert.deepEqual(served.house.written, [['cli', 'shop/new', entry, { owner: 'ops', force: true }]]);
    assert.match(out, /Service +shop\/new/);
  });

  it('puts a bare name into the namespace default', async () => {
    await tell('announce web 203.0.113.10');
    await tell('withdraw web');
    assert.deepEqual(
      served.house.written.map(([, name]) => name),
      ['default/web', 'default/web'],
    );
  });

  it('refuses words that no table would take, before it asks anybody', async () => {
    const mistakes = [
      'web 203.0.113.300',
      'web 203.0.113.0/33',
      'web 127.0.0.1',
      'a/b/c 203.0.113.1',
      './web 203.0.113.1',
    ];
    for (const words of mistakes) {
      const { code, err } = await tell(`announce ${words}`);
      assert.deepEqual({ words, code }, { words, code: 64 });
      assert.match(err, /^herald: /);
    }
    assert.deepEqual(served.house.written, []);
  });

  it('says of host bits that they are not announced', async () => {
    const { code, err } = await tell('announce web 192.0.2.1/24');
    assert.equal(code, 0);
    assert.match(err, /192\.0\.2\.0\/24/);
  });

  it('withdraws what it announced, and fails where there is nothing', async () => {
    await tell('announce shop/new 203.0.113.10');
    assert.deepEqual(await tell('withdraw shop/new'), { code: 0, out: 'shop/new is withdrawn\n', err: '' });
    const { code, err } = await tell('withdraw shop/new');
    assert.deepEqual({ code, err }, { code: 1, err: 'herald: cli has no entry shop/new\n' });
  });

  it('names the owner who is in the way', async () => {
    served.house.refusal = { failure: 'otherOwner', name: 'shop/new', owner: 'team-b' };
    const { code, err } = await tell('announce shop/new 203.0.113.10');
    assert.equal(code, 1);
    assert.match(err, /team-b/);
  });

  it('reloads', async () => {
    served.house.reloadResult = { kind: 'done', warnings: ['herald.yaml:3:1: warning: http: later'] };
    assert.deepEqual(await tell('reload'), {
      code: 0,
      out: 'herald.yaml:3:1: warning: http: later\nThe configuration is in force.\n',
      err: '',
    });
  });

  it('exits 78 on a configuration that is refused, with every problem', async () => {
    served.house.reloadResult = {
      kind: 'refused',
      onlyRevocations: false,
      problems: ['herald.yaml:1:1: a', 'herald.yaml:2:1: b'],
    };
    const { code, err } = await tell('reload');
    assert.equal(code, 78);
    assert.match(err, /herald\.yaml:1:1: a\nherald\.yaml:2:1: b\n/);
  });
});
