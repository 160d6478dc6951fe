import assert from 'node:assert/strict';
import { badMessageLength } from '../../src/bgp/errors.js';
import { encodeMessage, type Notification } from '../../src/bgp/message.js';
import {
  cease,
  communicationOf,
  decodeNotification,
  describeNotification,
  hardReset,
  innerOf,
  notificationOf,
} from '../../src/bgp/notification.js';
import { ceaseSubcode } from '../../src/bgp/numbers.js';
import { hex, message, textOf } from './hex.js';

const received = (body: string): Notification => decodeNotification(hex(body));
const described = (body: string): string => describeNotification(received(body));

describe('NOTIFICATION', () => {
  it('[4] is read however little of it there is', () => {
    assert.deepEqual(received(''), { kind: 'notification', code: 0, subcode: 0, data: hex('') });
    assert.deepEqual(received('06'), { kind: 'notification', code: 6, subcode: 0, data: hex('') });
    assert.deepEqual(received('0602'), { kind: 'notification', code: 6, subcode: 2, data: hex('') });
  });

  it('carries the fault it tells of', () => {
    assert.equal(
      textOf(encodeMessage(notificationOf(badMessageLength(18, 'a KEEPALIVE')))),
      textOf(message(3, '01 02 0012')),
    );
  });

  it('[29] names each cease subcode', () => {
    const words = Object.values(ceaseSubcode).map((subcode) => describeNotification(cease(subcode)));
    assert.deepEqual(words, [
      'Cease/Maximum Number of Prefixes Reached',
      'Cease/Administrative Shutdown',
      'Cease/Peer De-configured',
      'Cease/Administrative Reset',
      'Cease/Connection Rejected',
      'Cease/Other Configuration Change',
      'Cease/Connection Collision Resolution',
      'Cease/Out of Resources',
      'Cease/Hard Reset',
      'Cease/BFD Down',
    ]);
  });

  it('names errors, and numbers what has no name', () => {
    assert.equal(described('0206'), 'OPEN Message Error/Unacceptable Hold Time');
    assert.equal(described('0400'), 'Hold Timer Expired');
    assert.equal(described('01020012'), 'Message Header Error/Bad Message Length (data 0012)');
    assert.equal(described('0000'), 'error 0');
    assert.equal(described('ff63'), 'error 255/subcode 99');
    assert.equal(described('0663'), 'Cease/subcode 99');
    assert.equal(
      described(`0305${'ab'.repeat(17)}`),
      `UPDATE Message Error/Attribute Length Error (data ${'ab'.repeat(16)}…)`,
    );
  });

  it('[30] carries a shutdown communication with 6/2 and 6/4, and with nothing else', () => {
    assert.equal(textOf(cease(2, 'bye').data), '03627965');
    assert.equal(textOf(cease(4, 'bye').data), '03627965');
    assert.equal(cease(3, 'bye').data.length, 0);
    assert.equal(cease(2).data.length, 0);
  });

  it('[30] cuts a communication to 255 octets, at a character', () => {
    const { data } = cease(2, `${'x'.repeat(254)}é`);
    assert.equal(data.length, 255);
    assert.equal(data[0], 254);
    assert.equal(cease(2, 'x'.repeat(300)).data.length, 256);
  });

  it('[30] shows the communication of the other operator', () => {
    assert.equal(described('0602 0b 6d61696e74656e616e6365'), 'Cease/Administrative Shutdown: maintenance');
    assert.equal(communicationOf(received('0603 03 627965')), undefined);
  });

  it('[30] shows none where its length is nothing or reaches beyond the message', () => {
    for (const body of ['0602', '0602 00', '0602 01', '0602 04 627965', '0602 ff 627965'])
      assert.equal(communicationOf(received(body)), undefined, body);
    assert.equal(described('0602 04 627965'), 'Cease/Administrative Shutdown (data 04627965)');
  });

  it('[30] shows a communication without what a terminal would obey', () => {
    assert.equal(communicationOf(received('0602 05 1b5b324a07')), '?[2J?');
    assert.equal(communicationOf(received('0604 02 ff61')), '\ufffda');
  });

  it('[53] is wrapped in a Hard Reset and taken out of it', () => {
    const shutdown = cease(2, 'bye');
    const wrapped = hardReset(shutdown);
    assert.equal(textOf(encodeMessage(wrapped)), textOf(message(3, '06 09  06 02 03 627965')));
    assert.deepEqual(innerOf(wrapped), shutdown);
    assert.equal(communicationOf(wrapped), 'bye');
    assert.equal(describeNotification(wrapped), 'Cease/Hard Reset (Cease/Administrative Shutdown: bye)');
  });

  it('[53] a Hard Reset that wraps nothing is one all the same', () => {
    assert.equal(innerOf(received('0609')), undefined);
    assert.equal(innerOf(received('060906')), undefined);
    assert.equal(described('0609'), 'Cease/Hard Reset');
  });

  it('[53] Hard Resets within Hard Resets, as deep as a message allows, are not followed', () => {
    assert.equal(described('0609'.repeat(30_000)), `Cease/Hard Reset (Cease/Hard Reset (data ${'0609'.repeat(8)}…))`);
  });
});
