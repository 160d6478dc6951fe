import assert from 'node:assert/strict';
import { by, lines, outcomeOf, Pushed, remove, told, unforced, upsert } from './pushed.js';

const name = 'default/web';
const at = (address: string) => ({ addresses: [address] });
const [x, y] = ['203.0.113.10', '203.0.113.20'];

describe('Entries written through the control socket', () => {
  it('come back after a restart as they were, owners and all', async () => {
    const house = new Pushed();
    await house.put(name, { ...at(x), bgp: { communities: ['blue'] } }, by('alice'));
    await house.put('shop/api', at(y), unforced, 'controller');
    await house.put('shop/gone', at('203.0.113.30'));
    await house.delete('shop/gone');
    const again = house.restart();
    assert.deepEqual(again.announced, ['203.0.113.10/32', '203.0.113.20/32']);
    assert.deepEqual(again.port.view(1), house.port.view(1));
    assert.equal(outcomeOf(await again.put(name, at(y), by('bob'))), 'otherOwner');
    assert.equal(outcomeOf(await again.put('shop/api', at(y), unforced, 'controller')), 'unchanged');
  });

  it('are forgotten with their source, be it while herald runs or while it does not', async () => {
    const without = ['  - { name: static, file: /t.yaml }'];
    const house = new Pushed();
    await house.put(name, at(x), unforced, 'controller');
    assert.deepEqual(house.restart({ sources: without }).announced, []);
    assert.deepEqual(house.restart().announced, [], 'nor do they come back with it');
    await house.put('default/other', at(y), unforced, 'controller');
    house.entries.forget('controller');
    await new Promise(setImmediate);
    assert.deepEqual(house.ledger.read().entries, []);
  });

  it('of one turn are one write to the disk', async () => {
    const house = new Pushed();
    await Promise.all([...'abcdefgh'].map((letter, index) => house.put(`default/${letter}`, at(`203.0.113.${index}`))));
    assert.equal(house.ledger.changes.length, 1);
    assert.equal(house.ledger.changes[0]?.written?.length, 8);
  });

  it('are announced before they are stored, and answered after', async () => {
    const house = new Pushed();
    let isAnswered = false;
    const answer = house.put(name, at(x)).then(() => {
      isAnswered = true;
    });
    assert.deepEqual([house.announced, house.ledger.changes.length], [['203.0.113.10/32'], 0]);
    await Promise.resolve();
    assert.equal(isAnswered, false);
    await answer;
    assert.equal(house.ledger.changes.length, 1);
  });

  it('go to the wire with the time at which they came; what nobody wrote has none', async () => {
    const house = new Pushed();
    const { port, time } = house;
    await house.put(name, at(x));
    time.run(50);
    await house.delete(name);
    time.run(50);
    const stream = house.entries.writers.stream('controller', unforced);
    assert('take' in stream);
    await stream.take(lines(upsert('default/a', x)));
    const table = async function* () {
      yield lines({ name: 'default/b', addresses: [x] });
      time.run(1000);
    };
    await house.entries.writers.replace('controller', { format: 'ndjson', lines: table() }, unforced);
    assert.deepEqual(port.sinces, [1000, 1050, 1100]);
    stream.close();
    house.ledger.fault = new Error('the disk is full');
    await house.put(name, at(y));
    assert.deepEqual(port.sinces.slice(3), [2100, undefined], 'put back');
  });

  it('that cannot be stored are put back and refused, and the log says so once', async () => {
    const house = new Pushed();
    await house.put(name, at(x));
    house.ledger.fault = new Error('the disk is full');
    const results = await Promise.all([
      house.put(name, at(y)),
      house.put(name, at('203.0.113.30')),
      house.put('default/other', at('203.0.113.40')),
    ]);
    assert.deepEqual(results.map(outcomeOf), ['notStored', 'notStored', 'notStored']);
    assert.equal(outcomeOf(await house.delete(name)), 'notStored');
    assert.deepEqual(house.announced, ['203.0.113.10/32'], 'as before the first of them');
    house.ledger.fault = undefined;
    assert.equal(outcomeOf(await house.put(name, at(y))), 'done');
    assert.deepEqual(house.events, ['ledgerFailed', 'ledgerWritten']);
    assert.deepEqual(house.restart().announced, ['203.0.113.20/32']);
  });

  it('wait for a ledger that has still to be opened, and are refused while it cannot be', async () => {
    const house = new Pushed();
    house.obstacle = new Error('another herald uses the state directory');
    const refused = await house.put(name, at(x));
    assert.ok('failure' in refused && refused.failure === 'notStored' && refused.message.includes('another herald'));
    assert.deepEqual(house.announced, []);
    house.obstacle = undefined;
    assert.equal(outcomeOf(await house.put(name, at(x))), 'done');
  });

  it('that a version before could read and this one cannot stay on disk, and are told', () => {
    const house = new Pushed();
    const entry = { source: 'cli', service: name, entry: '{"name":"web","addresses":["nowhere"]}' };
    house.ledger.write({ written: [entry] });
    const again = house.restart();
    assert.deepEqual([again.announced, again.events], [[], ['entryUnreadable']]);
    assert.deepEqual(house.ledger.read().entries, [entry]);
  });
});

describe('Two clients that fight over one entry', () => {
  const fight = async (house: Pushed, rounds: number, stepMs: number): Promise<string[]> => {
    const outcomes: string[] = [];
    for (let round = 0; round < rounds; round++) {
      const [owner, address] = round % 2 === 0 ? (['metallb', x] as const) : (['chisel', y] as const);
      outcomes.push(outcomeOf(await house.put(name, at(address), by(owner, true), 'controller')));
      house.time.run(stepMs);
    }
    return outcomes;
  };

  it('are held at the last good state, with few announcements, log lines and writes, and named', async () => {
    const house = new Pushed();
    await house.put('default/other', at('203.0.113.99'));
    const [{ calls }, writes] = [house.port, house.ledger.changes.length];
    const outcomes = await fight(house, 1000, 10);
    assert.deepEqual(outcomes.slice(0, 8), ['done', 'done', 'done', 'done', 'done', 'done', 'held', 'unchanged']);
    assert.ok(house.port.calls - calls <= 20, `${house.port.calls - calls} calls`);
    assert.ok(house.ledger.changes.length - writes <= 10, `${house.ledger.changes.length - writes} writes`);
    assert.deepEqual(house.events, ['flapping']);
    const [listed] = house.listing.items(name);
    assert.deepEqual([listed?.state, listed?.reason], ['Flapping', 'flapping']);
    assert.match(listed?.message ?? '', /by (metallb and chisel|chisel and metallb)/);
    assert.deepEqual(house.announced, ['203.0.113.20/32', '203.0.113.99/32']);
  });

  it('get what was asked for last when they are calm, stored as well', async () => {
    const house = new Pushed();
    await fight(house, 7, 1);
    assert.deepEqual(house.announced, ['203.0.113.20/32']);
    house.time.run(2000);
    await new Promise(setImmediate);
    assert.deepEqual([house.announced, house.events], [['203.0.113.10/32'], ['flapping', 'flappingEnded']]);
    assert.equal(house.listing.items(name)[0]?.state, 'Allocated');
    assert.deepEqual(house.restart().announced, ['203.0.113.10/32']);
  });

  it('are both named where owners keep them apart, for a minute', async () => {
    const house = new Pushed();
    await house.put(name, at(x), by('metallb'));
    assert.equal(outcomeOf(await house.put(name, at(y), by('chisel'))), 'otherOwner');
    const [listed] = house.listing.items(name);
    assert.deepEqual([listed?.state, listed?.owner], ['Allocated', 'metallb']);
    assert.match(listed?.message ?? '', /chisel wants to change it as well/);
    house.time.run(61_000);
    assert.equal(house.listing.items(name)[0]?.message, '');
  });

  it('may still remove it', async () => {
    const house = new Pushed();
    await fight(house, 9, 1);
    assert.equal(outcomeOf(await house.delete(name, by('metallb', true), 'controller')), 'done');
    assert.deepEqual(house.announced, []);
    assert.equal(outcomeOf(await house.put(name, at(x), unforced, 'controller')), 'held');
    const [listed] = house.listing.items(name);
    assert.deepEqual([listed?.state, listed?.addresses, house.listing.names()], ['Flapping', [], [name]]);
  });
});

describe('A stream of changes', () => {
  const open = (house: Pushed, options = unforced) => {
    const stream = house.entries.writers.stream('controller', options);
    assert.ok(!('failure' in stream));
    return stream;
  };

  it('answers each line in order, whatever it comes to, and stores them together', async () => {
    const house = new Pushed();
    const answers = await open(house).take(
      lines(
        upsert('a', x),
        '',
        'nonsense',
        { op: 'upsert', service: { name: 'shop/bad', addresses: ['nowhere'] } },
        upsert('shop/b', y, '2001:db8::1'),
        { op: 'replace', service: {} },
        { op: 'delete', name: 'a', service: {} },
        remove('nobody'),
        'null',
      ),
    );
    assert.deepEqual(told(answers), [
      `default/a Allocated ${x}`,
      'undefined invalid',
      'shop/bad invalid',
      `shop/b Allocated ${y} 2001:db8::1`,
      'undefined invalid',
      'undefined invalid',
      'default/nobody noSuchService',
      'undefined invalid',
    ]);
    assert.equal(house.ledger.changes.length, 1);
    assert.equal(house.announced.length, 3);
  });

  it('does what is asked of one entry in the order in which it is asked', async () => {
    const house = new Pushed();
    const answers = await open(house).take(
      lines(upsert('a', x), upsert('a', y), remove('a'), upsert('a', x), upsert('a', x), remove('a'), remove('a')),
    );
    assert.deepEqual(told(answers).at(-1), 'default/a noSuchService');
    assert.deepEqual(house.announced, []);
    assert.deepEqual(house.ledger.read().entries, []);
  });

  it('heeds owners and safety line by line', async () => {
    const house = new Pushed({ maxWithdrawPercent: 50 });
    const alice = open(house, by('alice'));
    await alice.take(lines(upsert('a', x), upsert('b', y), upsert('c', '203.0.113.30')));
    assert.deepEqual(told(await open(house, by('bob')).take(lines(upsert('a', y), remove('b')))), [
      'default/a otherOwner',
      'default/b otherOwner',
    ]);
    assert.deepEqual(told(await alice.take(lines(remove('a'), remove('b'), upsert('d', '203.0.113.40')))), [
      'default/a Deleted',
      'default/b Deleted',
      'default/d Allocated 203.0.113.40',
    ]);
    assert.deepEqual(told(await open(house, by('bob', true)).take(lines(remove('c'), remove('d')))), [
      'default/c Deleted',
      'default/d Deleted',
    ]);
  });

  it('refuses its lines while they cannot be stored, and goes on', async () => {
    const house = new Pushed();
    const stream = open(house);
    house.ledger.fault = new Error('the disk is full');
    assert.deepEqual(told(await stream.take(lines(upsert('a', x), remove('b')))), [
      'default/a notStored',
      'default/b noSuchService',
    ]);
    house.ledger.fault = undefined;
    assert.deepEqual(told(await stream.take(lines(upsert('a', x)))), [`default/a Allocated ${x}`]);
  });

  it('counts what it came to', async () => {
    const house = new Pushed();
    const stream = open(house);
    await stream.take(lines(upsert('a', x), upsert('b', y), remove('c')));
    await stream.take(lines(upsert('a', x), remove('b')));
    const { withdrawnAfterSeconds, ...counts } = stream.close();
    assert.deepEqual(counts, { written: 2, removed: 1, unchanged: 1, refused: 1 });
    assert.equal(withdrawnAfterSeconds, undefined);
    house.time.run(1_000_000);
    assert.deepEqual(house.announced, ['203.0.113.10/32'], 'by default what it wrote stays');
  });

  describe('whose entries go with it', () => {
    const withdrawing = ['  - { name: controller, socket: { onDisconnect: withdraw, after: 30s } }'];

    it('are withdrawn so long after it closed, but for those that somebody else has written', async () => {
      const house = new Pushed({ sources: withdrawing });
      const stream = open(house);
      await stream.take(
        lines(upsert('a', x), upsert('b', y), upsert('c', '203.0.113.30'), upsert('d', '203.0.113.40')),
      );
      await house.put('default/b', at('203.0.113.21'), unforced, 'controller');
      await house.put('default/c', at('203.0.113.30'), unforced, 'controller');
      assert.equal(stream.close().withdrawnAfterSeconds, 30);
      house.time.run(29_000);
      assert.equal(house.announced.length, 4);
      assert.deepEqual(told(await open(house).take(lines(upsert('d', '203.0.113.40')))), [
        'default/d Allocated 203.0.113.40',
      ]);
      house.time.run(1000);
      await new Promise(setImmediate);
      const rest = ['203.0.113.21/32', '203.0.113.30/32', '203.0.113.40/32'];
      assert.deepEqual([house.announced, house.restart({ sources: withdrawing }).announced], [rest, rest]);
    });

    it('wait for it to return after a restart, and go if it does not', async () => {
      const house = new Pushed({ sources: withdrawing });
      await open(house).take(lines(upsert('a', x), upsert('b', y)));
      await house.put('default/c', at('203.0.113.30'), unforced, 'controller');
      const again = house.restart({ sources: withdrawing });
      assert.equal(again.announced.length, 3);
      await open(again).take(lines(upsert('a', x)));
      again.time.run(30_000);
      assert.deepEqual(again.announced, ['203.0.113.10/32', '203.0.113.30/32']);
    });

    it('stay where safety forbids it, and the log says so', async () => {
      const house = new Pushed({ sources: withdrawing, maxWithdrawPercent: 50 });
      const stream = open(house);
      await stream.take(lines(upsert('a', x)));
      stream.close();
      house.time.run(30_000);
      assert.deepEqual([house.announced.length, house.events], [1, ['tableRefused']]);
    });
  });
});
