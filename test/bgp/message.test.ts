import assert from 'node:assert/strict';
import { decodeMessage, encodeMessage, type Message } from '../../src/bgp/message.js';
import { hex, message, textOf } from './hex.js';

const read = (type: number, body: string): Message => decodeMessage({ type, body: hex(body) });

describe('messages', () => {
  it('[54] a ROUTE-REFRESH has a family and says request, beginning or end', () => {
    for (const subtype of [0, 1, 2]) {
      const refresh: Message = { kind: 'routeRefresh', afi: 2, safi: 1, subtype };
      assert.equal(textOf(encodeMessage(refresh)), textOf(message(5, `0002 0${subtype} 01`)));
      assert.deepEqual(read(5, `0002 0${subtype} 01`), refresh);
    }
  });

  it('[54] a BoRR or EoRR of another length is refused with 7/1 and the message as data', () => {
    for (const body of ['0001 01 01 00', '0001 02 01 80 00 0000'])
      assert.throws(() => read(5, body), { code: 7, subcode: 1, data: message(5, body) });
  });

  it('[54] an unknown subtype is handed on to be ignored, and so is a request with filters', () => {
    assert.deepEqual(read(5, '0001 09 01 00'), { kind: 'routeRefresh', afi: 1, safi: 1, subtype: 9 });
    assert.deepEqual(read(5, '0001 00 01 01 80 0003 ffffff'), { kind: 'routeRefresh', afi: 1, safi: 1, subtype: 0 });
  });

  it('[55] a ROUTE-REFRESH for a family that nobody knows is read as it is', () => {
    assert.deepEqual(read(5, '4004 00 47'), { kind: 'routeRefresh', afi: 16388, safi: 71, subtype: 0 });
  });

  it('[3] a type that no Framer lets through is refused all the same', () => {
    assert.throws(() => read(6, ''), { code: 1, subcode: 3, data: hex('06') });
  });

  it('[2] a ROUTE-REFRESH that no Framer lets through is refused all the same', () => {
    assert.throws(() => read(5, '0001 00'), { code: 1, subcode: 2, data: hex('0016') });
  });

  it('[14] no message of ours exceeds what extended messages allow', () => {
    const data = new Uint8Array(65535 - 21);
    assert.equal(encodeMessage({ kind: 'notification', code: 6, subcode: 2, data }).length, 65535);
    assert.throws(
      () => encodeMessage({ kind: 'notification', code: 6, subcode: 2, data: new Uint8Array(65515) }),
      RangeError,
    );
  });
});
