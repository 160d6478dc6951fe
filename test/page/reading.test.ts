import assert from 'node:assert/strict';
import { historyMs, type Sample, sampled } from '../../src/page/history.js';
import { back, firstPage, forward, listPath, pageNumber } from '../../src/page/pages.js';
import { nextRefresh, redialMs } from '../../src/page/refresh.js';
import { readView, writeView } from '../../src/page/view.js';

describe('What the page asks for', () => {
  it('is asked again a second after the last time when something happened, else after ten', () => {
    const refresh = (lastMs: number, isDue: boolean, nowMs: number, isHidden = false) =>
      nextRefresh({ lastMs, isDue, isHidden }, nowMs);
    assert.equal(refresh(5000, true, 5300), 700);
    assert.equal(refresh(5000, true, 9000), 0);
    assert.equal(refresh(5000, false, 5300), 9700);
    assert.equal(refresh(Number.NEGATIVE_INFINITY, true, 0), 0);
    assert.equal(refresh(5000, true, 9000, true), undefined, 'nobody sees it');
  });

  it('is dialled less and less often while nobody answers, but never given up', () => {
    assert.deepEqual([0, 1, 2, 10, 10_000].map(redialMs), [500, 1000, 2000, 10_000, 10_000]);
  });

  it('is one page of a list, and the way back is known', () => {
    const third = forward(forward(firstPage, 'b c'), 'd');
    assert.equal(pageNumber(third), 3);
    assert.equal(listPath('services', { q: 'a&b', state: '' }, third, 100), '/v1/services?limit=100&q=a%26b&after=d');
    assert.equal(listPath('services', {}, back(third), 100), '/v1/services?limit=100&after=b+c');
    assert.equal(listPath('services', {}, back(back(third)), 100), '/v1/services?limit=100');
    assert.deepEqual(back(firstPage), firstPage);
  });

  it('stands in the address of the page, where it is not what stands there anyway', () => {
    assert.equal(writeView(readView('')), '');
    const view = { ...readView('#list=announcements&q=a%20b&nonsense=1'), explain: '2001:db8::1' };
    assert.equal(view.list, 'announcements');
    assert.deepEqual(readView(writeView(view)), view);
    assert.equal(readView('#list=cellar').list, 'services');
  });
});

describe('The line of what was announced', () => {
  const sample = (atMs: number, bgp: number): Sample => ({ atMs, bgp, layer2: 0 });
  const line = (...samples: Sample[]) => samples.reduce<readonly Sample[]>(sampled, []);

  it('keeps every change, and of a level stretch its ends', () => {
    const seen = line(sample(0, 5), sample(1000, 5), sample(2000, 5), sample(3000, 4), sample(4000, 5));
    assert.deepEqual(seen, [sample(0, 5), sample(2000, 5), sample(3000, 4), sample(4000, 5)]);
  });

  it('is an hour long', () => {
    const seen = line(...Array.from({ length: 8000 }, (_, second) => sample(second * 1000, second)));
    assert.equal(seen.length, historyMs / 1000);
  });
});
