import assert from 'node:assert/strict';
import fc from 'fast-check';
import { ConfirmWindow } from '../../src/house/confirm-window.js';
import { FakeTime } from '../bgp/fake-time.js';

class Desk {
  readonly time = new FakeTime();
  readonly returned: string[] = [];
  readonly window = new ConfirmWindow<string>(this.time, ({ fallback }) => void this.returned.push(fallback));
}

describe('the window in which a change must be confirmed', () => {
  it('lets what was before come back when nobody says a word', () => {
    const { window, time, returned } = new Desk();
    window.replaced('first');
    const open = window.ask(60);
    assert.deepEqual(
      [open?.fallback, open?.withinSeconds, open?.confirmBefore],
      ['first', 60, new Date(time.now().getTime() + 60_000)],
    );
    time.run(59_999);
    assert.deepEqual(returned, []);
    time.run(1);
    assert.deepEqual(returned, ['first']);
    assert.equal(window.open, undefined);
    assert.equal(window.confirm(), false, 'too late');
  });

  it('is closed by a confirmation, after which there is no way back', () => {
    const { window, time, returned } = new Desk();
    window.replaced('first');
    window.ask(60);
    assert.equal(window.confirm(), true);
    assert.equal(window.confirm(), false);
    time.run(3_600_000);
    assert.deepEqual(returned, []);
    assert.equal(window.ask(60), undefined);
    window.replaced('second');
    assert.equal(window.ask(60)?.fallback, 'second');
  });

  it('does not open where nothing was before', () => {
    const { window, time } = new Desk();
    assert.equal(window.ask(60), undefined);
    assert.equal(window.confirm(), false);
    assert.equal(time.pending, 0);
  });

  it('goes back to what was last in force, if several changes came before it opened', () => {
    const { window } = new Desk();
    window.replaced('first');
    window.replaced('second');
    assert.equal(window.ask(60)?.fallback, 'second');
  });

  it('keeps its way back and its end when another change comes', () => {
    const { window, time, returned } = new Desk();
    window.replaced('first');
    window.ask(60);
    time.run(30_000);
    window.replaced('second');
    time.run(30_000);
    assert.deepEqual(returned, ['first']);
  });

  it('ends later or sooner when it is asked for again, and leads back to the same', () => {
    for (const seconds of [1, 600]) {
      const { window, time, returned } = new Desk();
      window.replaced('first');
      window.ask(60);
      time.run(30_000);
      window.replaced('second');
      assert.equal(window.ask(seconds)?.fallback, 'first');
      time.run(seconds * 1000 - 1);
      assert.deepEqual(returned, []);
      time.run(1);
      assert.deepEqual(returned, ['first']);
    }
  });

  it('forgets what it went back from: nobody wants that back', () => {
    const { window, time } = new Desk();
    window.replaced('first');
    window.ask(60);
    time.run(60_000);
    assert.equal(window.ask(60), undefined);
  });

  it('has at most one timer, and none when it is closed, whatever happens in whatever order', () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constant('ask' as const), seconds: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ kind: fc.constant('pass' as const), seconds: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ kind: fc.constantFrom('replaced' as const, 'confirm' as const), seconds: fc.constant(0) }),
    );
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { window, time, returned } = new Desk();
        let version = 0;
        let before: string | undefined;
        for (const { kind, seconds } of steps) {
          const promised = window.open?.fallback;
          const told = returned.length;
          if (kind === 'ask') assert.equal(window.ask(seconds)?.fallback, promised ?? before);
          else if (kind === 'pass') time.run(seconds * 1000);
          else if (kind === 'confirm') assert.equal(window.confirm(), promised !== undefined);
          else window.replaced(String(version));
          if (kind === 'replaced') before = String(version++);
          if (kind === 'confirm' && promised !== undefined) before = undefined;
          if (returned.length > told) {
            assert.deepEqual([kind, returned.slice(told)], ['pass', [promised]]);
            before = undefined;
          }
          assert.equal(time.pending, window.open === undefined ? 0 : 1);
        }
      }),
    );
  });
});
