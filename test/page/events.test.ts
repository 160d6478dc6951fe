import assert from 'node:assert/strict';
import { eventsKept, eventsPerMinute, mergeEvents, readEvent } from '../../src/page/events.js';

const line = (id: number, at = '2026-01-02T03:04:05.000Z', level = 'info') =>
  readEvent({ id: String(id), event: 'sessionUp', data: JSON.stringify({ at, level, message: `number ${id}` }) })!;

describe('The events that the page remembers', () => {
  const ids = (lines: readonly { id: string }[]) => lines.map(({ id }) => id);

  it('stand newest first, and once, although a resumed stream repeats them', () => {
    const before = mergeEvents([], [line(1), line(2)]);
    assert.deepEqual(ids(mergeEvents(before, [line(2), line(3), line(3)])), ['3', '2', '1']);
    assert.equal(mergeEvents(before, []), before);
  });

  it('are not confused with those of a daemon that counts anew', () => {
    const merged = mergeEvents([line(1), line(2)], [line(1, '2026-01-02T04:00:00.000Z')]);
    assert.deepEqual(ids(merged), ['1', '1', '2']);
  });

  it('are bounded', () => {
    const many = Array.from({ length: eventsKept * 2 }, (_, id) => line(id));
    const kept = mergeEvents([], many);
    assert.equal(kept.length, eventsKept);
    assert.equal(kept[0]?.id, String(eventsKept * 2 - 1));
  });

  it('are counted by the minute, those of a clock ahead of ours in this one', () => {
    const now = Date.parse('2026-01-02T03:04:30Z');
    const events = [
      line(1, '2026-01-02T03:09:00Z'),
      line(2, '2026-01-02T03:04:01Z', 'warn'),
      line(3, '2026-01-02T03:03:59Z', 'error'),
      line(4, '2026-01-02T02:59:00Z'),
    ];
    assert.deepEqual(eventsPerMinute(events, now, 3), [
      { all: 0, grave: 0 },
      { all: 1, grave: 1 },
      { all: 2, grave: 1 },
    ]);
  });

  it('are those of herald, and nothing else that comes', () => {
    const read = (data: string) => readEvent({ id: '1', event: 'sessionUp', data });
    for (const data of ['', '{', '[]', 'null', '3', '{"at":"yesterday"}', '{"at":5}'])
      assert.equal(read(data), undefined);
    assert.deepEqual(read('{"at":"2026-01-02T03:04:05Z","level":"loud","message":5,"fields":7}'), {
      id: '1',
      at: '2026-01-02T03:04:05Z',
      level: 'info',
      event: 'sessionUp',
      message: '',
      fields: {},
    });
  });
});
