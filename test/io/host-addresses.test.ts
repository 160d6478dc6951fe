import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { HostAddresses } from '../../src/io/host-addresses.js';
import { ownAddress } from '../../src/l2/host-addresses.js';
import type { InterfaceAddress } from '../../src/l2/rtnetlink.js';
import { formatAddress, parseAddress } from '../../src/net/address.js';
import { FakeTime } from '../bgp/fake-time.js';
import { FakeKernel } from './fake-kernel.js';

const at = (...texts: readonly string[]) => texts.map((text) => parseAddress(text)!);
const foreign = (text: string): InterfaceAddress => ({ ...ownAddress(1, parseAddress(text)!), protocol: 0, metric: 0 });

describe('Host addresses', () => {
  let kernel: FakeKernel;
  let time: FakeTime;
  let logged: string[];
  let its: HostAddresses;
  const begin = (name = 'lo'): HostAddresses =>
    new HostAddresses(
      name,
      { write: (_level, event, text) => logged.push(`${event}: ${text}`) },
      time,
      kernel.converse,
    );
  const warnings = (): string[] => logged.filter((line) => line.startsWith('hostAddressesFailed'));

  beforeEach(() => {
    kernel = new FakeKernel();
    time = new FakeTime();
    logged = [];
    its = begin();
  });

  it('are added and removed as wanted, as host addresses', async () => {
    await its.set(at('203.0.113.10', '2001:db8::10'));
    assert.deepEqual(kernel.texts(), ['203.0.113.10/32', '2001:db8::10/128']);
    await its.set(at('2001:db8::10', '203.0.113.11'));
    assert.deepEqual(kernel.texts(), ['2001:db8::10/128', '203.0.113.11/32']);
    assert.equal(its.problems.size, 0);
  });

  it('are as the last call wants them, however many came while the kernel was asked', async () => {
    const calls = [at('203.0.113.1'), at('203.0.113.2'), at('203.0.113.3', '203.0.113.4')].map((wanted) =>
      its.set(wanted),
    );
    await Promise.all(calls);
    assert.deepEqual(kernel.texts(), ['203.0.113.3/32', '203.0.113.4/32']);
  });

  it('are put back when another program removed them', async () => {
    await its.set(at('203.0.113.10'));
    kernel.addresses = [];
    await its.set(at('203.0.113.10'));
    assert.deepEqual(kernel.texts(), ['203.0.113.10/32']);
  });

  for (const knowsProtocol of [true, false])
    it(`of a herald that died are found by the next${knowsProtocol ? '' : ', on a kernel before 5.18 too'}`, async () => {
      kernel.knowsProtocol = knowsProtocol;
      kernel.addresses = [foreign('127.0.0.1')];
      await its.set(at('203.0.113.10', '203.0.113.11'));
      const next = begin();
      assert.deepEqual((await next.claimLeftovers()).map(formatAddress), ['203.0.113.10', '203.0.113.11']);
      await next.set(at('203.0.113.11'));
      assert.deepEqual(kernel.texts(), ['127.0.0.1/32', '203.0.113.11/32']);
      await begin('eth9').close();
      assert.deepEqual(kernel.texts(), ['127.0.0.1/32']);
    });

  it('that somebody else added are left alone and reported once, and taken over when they are gone', async () => {
    kernel.addresses = [foreign('203.0.113.10')];
    await its.set(at('203.0.113.10'));
    await its.set(at('203.0.113.10'));
    const reason = '203.0.113.10 stands on lo already, and not by herald: it is left alone';
    assert.deepEqual([...its.problems], [['203.0.113.10', reason]]);
    assert.deepEqual(warnings(), [`hostAddressesFailed: ${reason}`]);
    await its.set([]);
    assert.deepEqual(kernel.texts(), ['203.0.113.10/32']);
    await its.set(at('203.0.113.10'));
    kernel.addresses = [];
    await retried();
    assert.deepEqual(kernel.texts(), ['203.0.113.10/32']);
    assert.equal(its.problems.size, 0);
  });

  /** Lets the time of a retry pass, and waits for what it does. */
  const retried = async (): Promise<void> => {
    time.run(60_000);
    await new Promise((resolve) => setImmediate(resolve));
  };

  it('wait for their interface', async () => {
    const late = begin('dummy0');
    await late.set(at('203.0.113.10'));
    assert.deepEqual(warnings(), ['hostAddressesFailed: this host has no interface dummy0']);
    kernel.interfaces.set('dummy0', 7);
    await retried();
    assert.deepEqual(
      kernel.addresses.map(({ index }) => index),
      [7],
    );
  });

  it('say what is missing where the kernel refuses, each for itself', async () => {
    const { EACCES, EINVAL } = constants.errno;
    kernel.refused.set('2001:db8::10', EACCES).set('224.0.0.1', EINVAL);
    await its.set(at('203.0.113.10', '2001:db8::10', '224.0.0.1'));
    assert.deepEqual(kernel.texts(), ['203.0.113.10/32']);
    assert.deepEqual(
      [...its.problems.values()],
      [
        'IPv6 is switched off on lo (net.ipv6.conf.lo.disable_ipv6)',
        'the kernel refuses 224.0.0.1 on lo: invalid argument (EINVAL)',
      ],
    );
    kernel.isPrivileged = false;
    await its.set(at('203.0.113.11', '203.0.113.12'));
    assert.match(its.problems.get('203.0.113.11')!, /without CAP_NET_ADMIN/);
    assert.equal(warnings().filter((line) => line.includes('CAP_NET_ADMIN')).length, 1, 'one line for all of them');
  });

  it('do not bring the daemon down when the kernel cannot be asked', async () => {
    kernel.isOutOfDescriptors = true;
    assert.deepEqual(await its.claimLeftovers(), []);
    await its.set(at('203.0.113.10'));
    assert.match(its.problems.get('203.0.113.10')!, /EMFILE/);
    kernel.isOutOfDescriptors = false;
    await retried();
    assert.deepEqual(kernel.texts(), ['203.0.113.10/32']);
  });

  it('are gone when herald stops, and do not come back', async () => {
    kernel.addresses = [foreign('127.0.0.1')];
    await its.set(at('203.0.113.10'));
    const late = its.set(at('203.0.113.11'));
    await its.close();
    await late;
    await its.set(at('203.0.113.12'));
    assert.deepEqual(kernel.texts(), ['127.0.0.1/32']);
    assert.equal(time.pending, 0);
  });
});
