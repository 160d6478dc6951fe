import assert from 'node:assert/strict';
import { formatCount, formatDuration, formatMoment, formatPercent, plural, share } from '../../src/page/format.js';
import { bounds } from '../../src/page/scale.js';

describe('Numbers on the page', () => {
  it('are grouped, and named by their power of two where digits say nothing', () => {
    assert.deepEqual(
      [0, 999, 100_000, '297', 2 ** 32, '18446744073709551616', '3689348814741910323', 5e9].map(formatCount),
      ['0', '999', '100,000', '297', '2³²', '2⁶⁴', '3.7 × 10¹⁸', '5.0 × 10⁹'],
    );
    assert.deepEqual(
      [plural(1, 'peer'), plural(2, 'peer'), plural(0, 'prefix', 'prefixes')],
      ['1 peer', '2 peers', '0 prefixes'],
    );
  });

  it('are never rounded to nothing, nor to all', () => {
    const percents = [
      [0, 100],
      [1, 1e6],
      [1, 64],
      [35, 100],
      [9999, 10_000],
      [99_999, 100_000],
      [64, 64],
      [1, 0],
      [240, '18446744073709551616'],
    ] as const;
    assert.deepEqual(
      percents.map(([part, whole]) => formatPercent(part, whole)),
      ['0%', '<0.1%', '1.5%', '35%', '99.9%', '99.9%', '100%', '0%', '<0.1%'],
    );
    assert.deepEqual([share(1, 2), share(3, 2), share(1, 0)], [0.5, 1, 0]);
  });

  it('give durations in two units at most', () => {
    assert.deepEqual([0, 9, 60, 61, 3600, 3700, 86_400, 90_061, 31_536_000].map(formatDuration), [
      '0s',
      '9s',
      '1m',
      '1m 1s',
      '1h',
      '1h 1m',
      '1d',
      '1d 1h',
      '365d',
    ]);
  });

  it('give the time of day, of other days the date, and of what never happened nothing', () => {
    const now = Date.parse('2026-03-02T12:00:00Z');
    assert.deepEqual(
      ['2026-03-02T03:04:05Z', '2026-03-02T01:30:00+02:00', '2025-12-31T23:59:59Z', ''].map((at) =>
        formatMoment(at, now),
      ),
      ['03:04:05', '1 Mar 23:30', '31 Dec 2025', ''],
    );
  });

  it('span a scale from zero, unless that would flatten what changes', () => {
    assert.deepEqual(bounds([0, 0]), [0, 1]);
    assert.deepEqual(bounds([100, 100]), [0, 125]);
    assert.deepEqual(bounds([10, 100]), [0, 125]);
    assert.deepEqual(bounds([96, 100]), [95, 101]);
  });
});
