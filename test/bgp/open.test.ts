import assert from 'node:assert/strict';
import { type Capability, decodeMessage, encodeMessage, type Open } from '../../src/bgp/message.js';
import { decodeOpen } from '../../src/bgp/open.js';
import { hex, message, textOf } from './hex.js';

const fixed = '04 fbf0 005a 0a000001'; // version 4, AS 64496, hold time 90, identifier 10.0.0.1
const opened = (parameters: string): Open => decodeOpen(hex(`${fixed} ${parameters}`));
const capabilitiesIn = (parameters: string): readonly Capability[] => opened(parameters).capabilities;

const routeRefresh = { kind: 'routeRefresh' };
const ipv4 = { kind: 'multiprotocol', afi: 1, safi: 1 };
const wide = { kind: 'fourOctetAs', asn: 64496 };

describe('OPEN', () => {
  it('[5] refuses any version but 4 with 2/1 and 4 in two octets, network order', () => {
    for (const version of ['00', '03', '05', 'ff'])
      assert.throws(() => decodeOpen(hex(`${version} fbf0 005a 0a000001 00`)), {
        code: 2,
        subcode: 1,
        data: hex('0004'),
      });
  });

  it('[7] reads a two-octet AS number as it stands', () => {
    assert.equal(opened('00').asn, 64496);
  });

  it('[8] reads an identifier that is no host address', () => {
    assert.equal(decodeOpen(hex('04 fbf0 005a ffffffff 00')).routerId, 0xffffffff);
  });

  it('[9] may have no optional parameters', () => {
    assert.deepEqual(opened('00'), {
      kind: 'open',
      asn: 64496,
      holdTimeSeconds: 90,
      routerId: 0x0a000001,
      capabilities: [],
    });
  });

  it('[10] may have one parameter for each capability, many in one, or a mixture', () => {
    for (const parameters of [
      '14  02 02 0200  02 06 0104 0001 0001  02 06 4104 0000fbf0',
      '10  02 0e 0200 0104 0001 0001 4104 0000fbf0',
      '12  02 08 0200 0104 0001 0001  02 06 4104 0000fbf0',
    ])
      assert.deepEqual(capabilitiesIn(parameters), [routeRefresh, ipv4, wide]);
  });

  it('[10] may repeat a capability', () => {
    assert.deepEqual(capabilitiesIn('08  02 06 0200 0200 0200'), [routeRefresh, routeRefresh, routeRefresh]);
  });

  it('[10] may have capabilities we do not know', () => {
    assert.deepEqual(capabilitiesIn('07  02 05 ee 03 010203'), [{ kind: 'unknown', code: 0xee, value: hex('010203') }]);
  });

  it('[10] may have an empty capabilities parameter', () => {
    assert.deepEqual(capabilitiesIn('02  02 00'), []);
  });

  it('[12] refuses an unknown optional parameter with 2/4', () => {
    for (const type of ['00', '01', '03', 'fe'])
      assert.throws(() => opened(`03 ${type} 01 00`), { code: 2, subcode: 4 });
  });

  it('[12] refuses a capability that reaches beyond its parameter with 2/0', () => {
    assert.throws(() => opened('06  02 04 0104 0001'), { code: 2, subcode: 0 });
    assert.throws(() => opened('03  02 01 02'), { code: 2, subcode: 0 });
  });

  it('[12] refuses parameters that do not fill their length with 2/0', () => {
    for (const parameters of ['04 02 02 02', '02', '04 02 01 0200', '04 02 ff 0200', '03 02 00 02', '00 02 00'])
      assert.throws(() => opened(parameters), { code: 2, subcode: 0 }, parameters);
  });

  it('[12] refuses an OPEN cut within its fixed fields with 2/0', () => {
    assert.throws(() => decodeOpen(hex('04 fbf0 005a 0a0000')), { code: 2, subcode: 0 });
  });

  it('[13] reads extended parameters, even where short ones would have done', () => {
    assert.deepEqual(capabilitiesIn('ff ff 0005  02 0002 0200'), [routeRefresh]);
  });

  it('[13] reads extended parameters whatever the one-octet length says', () => {
    assert.deepEqual(capabilitiesIn('01 ff 0005  02 0002 0200'), [routeRefresh]);
  });

  it('[13] reads extended parameters of more than 255 octets', () => {
    const many = Array.from({ length: 200 }, () => '0200').join('');
    assert.equal(capabilitiesIn(`ff ff 0193  02 0190 ${many}`).length, 200);
  });

  it('[13] refuses extended parameters cut at any octet with 2/0', () => {
    const whole = hex(`${fixed} ff ff 000a  02 0002 0200  02 0002 0200`);
    for (let length = whole.length - 1; length > 10; length--)
      assert.throws(() => decodeOpen(whole.subarray(0, length)), { code: 2, subcode: 0 }, `${length} octets`);
  });

  it('[13] takes 255 octets of short parameters for what they are', () => {
    const many = '02 02 0200'.repeat(62); // 248 octets
    assert.equal(capabilitiesIn(`ff ${many} 02 05 ee 03 010203`).length, 63);
  });

  const ours: Open = {
    kind: 'open',
    asn: 23456,
    holdTimeSeconds: 180,
    routerId: 0xc0000201,
    capabilities: [
      { kind: 'multiprotocol', afi: 2, safi: 1 },
      { kind: 'fourOctetAs', asn: 4200000000 },
    ],
  };

  it('is sent with all capabilities in one parameter', () => {
    assert.equal(
      textOf(encodeMessage(ours)),
      textOf(message(1, '04 5ba0 00b4 c0000201 0e  02 0c  0104 0002 0001  4104 fa56ea00')),
    );
  });

  it('is sent without parameters when it has nothing to offer', () => {
    assert.equal(textOf(encodeMessage({ ...ours, capabilities: [] })), textOf(message(1, '04 5ba0 00b4 c0000201 00')));
  });

  it('[13] is sent with extended parameters only when short ones do not reach', () => {
    const padded = (octets: number): Open => ({
      ...ours,
      capabilities: [{ kind: 'unknown', code: 200, value: new Uint8Array(octets) }],
    });
    assert.equal(encodeMessage(padded(251))[28], 255);
    assert.equal(encodeMessage(padded(251))[29], 2);
    const extended = encodeMessage(padded(252));
    assert.equal(textOf(extended.subarray(28, 37)), 'ffff 0101 02 00fe c8fc'.replaceAll(' ', ''));
    assert.deepEqual(decodeMessage({ type: 1, body: extended.subarray(19) }), padded(252));
  });

  it('[14] is never sent with more than 4096 octets', () => {
    const capabilities = Array.from({ length: 20 }, () => ({
      kind: 'unknown' as const,
      code: 200,
      value: new Uint8Array(255),
    }));
    assert.throws(() => encodeMessage({ ...ours, capabilities }), RangeError);
  });
});
