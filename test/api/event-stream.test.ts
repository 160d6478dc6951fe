import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EventStream, formatEvent } from '../../src/api/event-stream.js';

describe('A stream of server-sent events', () => {
  const text =
    ': hello\r\n\r\nid: 7\nevent: sessionUp\ndata: {"a":\ndata: 1}\n\nretry: 5\r\ndata:bare\r\n\r\nid\rdata: x\r\revent: lost\n';

  it('is the same however the network cuts it', () => {
    const whole = new EventStream().read(text);
    assert.deepEqual(whole, [
      { id: '7', event: 'sessionUp', data: '{"a":\n1}' },
      { id: '7', event: '', data: 'bare' },
      { id: '', event: '', data: 'x' },
    ]);
    fc.assert(
      fc.property(fc.array(fc.nat(text.length)), (cuts) => {
        const stream = new EventStream();
        const places = [0, ...cuts.sort((a, b) => a - b), text.length];
        const pieces = places.slice(1).map((end, index) => text.slice(places[index], end));
        assert.deepEqual(
          pieces.flatMap((piece) => stream.read(piece)),
          whole,
        );
      }),
    );
  });

  it('is read as it was written', () => {
    const event = fc.record(
      {
        id: fc.nat().map(String),
        event: fc.constantFrom('sessionUp', 'flapping'),
        data: fc.json(),
      },
      { noNullPrototype: true },
    );
    fc.assert(
      fc.property(fc.array(event), (events) => {
        assert.deepEqual(new EventStream().read(events.map(formatEvent).join('')), events);
      }),
    );
  });
});
