import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { eventually } from '../interop/eventually.js';
import { installed } from '../interop/required.js';
import { launch, type Opened, open } from './browser.js';
import { PageHouse } from './page-house.js';
import { ServedPage } from './served.js';

const services = 100_000;
/** Where pictures of the page are put, to be looked at. */
const pictures = process.env['HERALD_PICTURES'];
const picture = (page: Page, name: string) =>
  page.screenshot(pictures === undefined ? {} : { path: join(pictures, `${name}.png`) });

describe('The status page in Chromium', function () {
  this.timeout(60_000);
  let browser: Browser;
  let house: PageHouse;
  let served: ServedPage;
  let opened: Opened;
  let page: Page;

  before(async function () {
    installed(this, 'chromium');
    browser = await launch();
    house = new PageHouse();
    served = await ServedPage.open(house);
    served.publish('info', 'configLoaded', '/etc/herald/herald.yaml is in force');
  });

  after(async () => {
    await browser?.close();
    await served?.close();
  });

  beforeEach(async () => {
    opened = await open(browser, served.url, { viewport: { width: 1280, height: 900 }, colorScheme: 'light' });
    page = opened.page;
    await page.getByRole('table', { name: '' }).last().waitFor();
  });

  afterEach(async () => {
    await page.context().close();
  });

  const region = (name: string) => page.getByRole('region', { name, exact: true });
  const rows = () => page.getByRole('tabpanel').getByRole('row');
  const filter = () => page.getByRole('searchbox', { name: 'Filter by name' });
  const focused = () =>
    page.evaluate<string>(
      '(({ ariaLabel, labels, textContent }) => ariaLabel ?? labels?.[0]?.textContent ?? textContent)(document.activeElement)',
    );

  describe('as it is opened', () => {
    it('shows how herald is: peers, pools, interfaces, events, services', async () => {
      await page.getByText('matters need a look').waitFor();
      await region('BGP peers')
        .getByRole('row', { name: /tor-1.*Established.*3d 4h/ })
        .waitFor();
      await region('BGP peers').getByText('Cease/Administrative Shutdown: maintenance until noon').waitFor();
      await region('Address pools').getByText('291 of 297 in use, 4 in quarantine').waitFor();
      await region('Address pools').getByText('240 of 2⁶⁴ in use, 3 in quarantine').waitFor();
      await region('Interfaces')
        .getByRole('row', { name: /bond0\.120.*Serving/ })
        .waitFor();
      await region('Events').getByText('/etc/herald/herald.yaml is in force').waitFor();
      assert.equal(await rows().count(), 101);
      await page.getByText('of 400', { exact: false }).waitFor();
      assert.equal(await page.title(), 'node-a · herald');
    });

    it('asks nothing of anybody else, and breaks no rule of its Content-Security-Policy', async () => {
      await region('BGP peers').getByRole('button', { name: 'tor-1' }).click();
      await page.getByRole('tab', { name: 'Announcements' }).click();
      await rows().first().waitFor();
      await page.getByRole('img', { name: /^Announced over/ }).hover();
      assert.deepEqual(await opened.faults(), []);
    });

    it('would be kept from breaking it', async () => {
      await page.evaluate(`document.body.setAttribute('style', 'color: red')`);
      await page.evaluate(
        `document.body.append(Object.assign(document.createElement('script'), { text: 'stolen = 1' }))`,
      );
      await page.evaluate(`fetch('http://127.0.0.2:9/').catch(() => {})`);
      const faults = (await opened.faults()).join('\n');
      for (const directive of ['style-src-attr', 'script-src-elem', 'connect-src'])
        assert.match(faults, new RegExp(`refused by ${directive}`));
      assert.equal(await page.evaluate('typeof stolen'), 'undefined');
    });

    it('leaves out what this herald has not', async () => {
      house.interfaces = [];
      try {
        await page.reload();
        await region('BGP peers').waitFor();
        assert.equal(await region('Interfaces').count(), 0);
      } finally {
        house.interfaces = new PageHouse({ services: 0 }).interfaces;
      }
    });

    it('shows what is in a table as text, whatever it is', async () => {
      const nasty = '<img src=x onerror=alert(1)>';
      const first = house.services[0]!;
      house.services[0] = { ...first, name: `shop/${nasty}` };
      served.publish('error', 'sourceProblem', nasty);
      try {
        await page.reload();
        await rows().getByText(`shop/${nasty}`).waitFor();
        await region('Events').getByText(nasty).waitFor();
        assert.equal(await page.locator('img').count(), 1, 'the icon is the only image');
        assert.deepEqual(await opened.faults(), []);
      } finally {
        house.services[0] = first;
      }
    });
  });

  describe('while things happen', () => {
    it('shows them without being asked', async () => {
      await page.getByRole('status').getByText('Live').waitFor();
      const before = house.peers;
      house.peers = before.map((peer) => (peer.name === 'tor-2' ? { ...peer, state: 'Idle', flaps: 2 } : peer));
      served.publish('warn', 'sessionDown', 'hold timer expired', { peer: 'tor-2' });
      try {
        await region('BGP peers')
          .getByRole('row', { name: /tor-2.*Idle/ })
          .waitFor();
        await region('Verdict').getByText('peer tor-2').waitFor();
        await region('Events').getByText('tor-2: hold timer expired').waitFor();
        await page
          .getByRole('status', { name: 'Latest warning' })
          .getByText('sessionDown: tor-2: hold timer expired')
          .waitFor({ state: 'attached' });
      } finally {
        house.peers = before;
      }
      served.publish('info', 'sessionUp', 'Established', { peer: 'tor-2' });
      await region('BGP peers')
        .getByRole('row', { name: /tor-2.*Established/ })
        .waitFor();
    });

    it('asks for status once a second at most, however much happens', async () => {
      await page.getByRole('status').getByText('Live').waitFor();
      const asked = served.asked.length;
      for (let index = 0; index < 2000; index++) served.publish('debug', 'sessionState', `step ${index}`);
      await region('Events').getByText('step 1999').waitFor();
      await eventually(
        async () => served.asked.slice(asked).filter((path) => path === '/v1/status').length,
        (times) => assert.equal(times, 1),
      );
    });

    it('says so when herald is gone, and finds it again', async () => {
      await page.getByRole('status').getByText('Live').waitFor();
      const port = Number(new URL(served.url).port);
      await served.close();
      await page.getByRole('status').getByText('Not connected').waitFor({ timeout: 20_000 });
      await region('Verdict')
        .getByText(/^herald cannot be reached; what stands below is from \d/)
        .waitFor();
      await region('BGP peers').getByText('tor-1').waitFor();
      served = await ServedPage.open(house, port);
      await page.getByRole('status').getByText('Live').waitFor({ timeout: 20_000 });
      served.publish('info', 'starting', 'here again');
      await region('Events').getByText('here again').waitFor();
    });

    it('rests while nobody sees it', async () => {
      await page.getByRole('status').getByText('Live').waitFor();
      const hide = (isHidden: boolean) =>
        page.evaluate(`Object.defineProperty(document, 'hidden', { value: ${isHidden}, configurable: true });
          document.dispatchEvent(new Event('visibilitychange'))`);
      await hide(true);
      await eventually(
        async () => served.streams,
        (streams) => assert.equal(streams, 0),
      );
      await hide(false);
      await eventually(
        async () => served.streams,
        (streams) => assert.equal(streams, 1),
      );
    });
  });

  describe(`with ${services.toLocaleString('en')} services`, () => {
    let many: ServedPage;

    before(async () => {
      many = await ServedPage.open(new PageHouse({ services }));
    });

    after(() => many.close());

    beforeEach(async () => {
      await page.goto(many.url);
      await page.getByText('Page 1, 100 rows of 100,000').waitFor();
    });

    it('filters them by what is typed, and reads a page of them, never all', async () => {
      const asked = many.asked.length;
      await filter().fill('cache-01234');
      await page.getByText('Page 1, 1 row', { exact: true }).waitFor();
      await rows().getByText('payments/cache-012344').waitFor();
      await filter().fill('10.64.1.');
      await page.getByText('Page 1, 100 rows', { exact: true }).waitFor();
      await page.getByRole('combobox', { name: 'State' }).selectOption('Pending');
      await page.getByText('Nothing matches', { exact: true }).waitFor();
      await page.getByRole('button', { name: 'Clear' }).click();
      await page.getByText('Page 1, 100 rows of 100,000').waitFor();
      const lists = many.asked.slice(asked).filter((path) => /^\/v1\/(services|announcements)/.test(path));
      assert.ok(lists.length > 3);
      for (const path of lists) assert.match(path, /[?&]limit=100(&|$)/);
    });

    it('turns pages forth and back, and begins anew when something else is asked for', async () => {
      const first = await rows().nth(1).textContent();
      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByText('Page 2, 100 rows of 100,000').waitFor();
      await eventually(
        () => rows().nth(1).textContent(),
        (second) => assert.notEqual(second, first),
      );
      await page.getByRole('button', { name: 'Next' }).click();
      await page.getByText('Page 3,').waitFor();
      await page.getByRole('button', { name: 'Previous' }).click();
      await page.getByText('Page 2,').waitFor();
      await filter().fill('web');
      await page.getByText('Page 1, 100 rows', { exact: true }).waitFor();
      assert.equal(await page.getByRole('button', { name: 'Previous' }).isDisabled(), true);
    });

    it('keeps what is looked at in the address of the page', async () => {
      await page.getByRole('tab', { name: 'Announcements' }).click();
      await page.getByRole('combobox', { name: 'State' }).selectOption('pending');
      await filter().fill('edge-fra');
      await eventually(
        async () => page.url(),
        (url) => assert.match(url, /#list=announcements&q=edge-fra&state=pending$/),
      );
      await page.reload();
      await page.getByRole('heading', { name: 'Announcements' }).waitFor();
      assert.equal(await filter().inputValue(), 'edge-fra');
      await rows().getByText('pending').first().waitFor();
    });
  });

  describe('with nothing but a keyboard', () => {
    const press = (key: string) => page.keyboard.press(key);
    const dialog = () => page.getByRole('dialog');

    it('explains what is typed, and leads back with Escape', async () => {
      await press('/');
      await page.keyboard.type('10.64.0.1');
      await press('Enter');
      await page.getByRole('dialog', { name: 'Explain 10.64.0.1' }).waitFor();
      await dialog().getByText('10.64.0.1 of platform/api-000001 is announced to tor-1 and tor-2').waitFor();
      const steps = await dialog().getByRole('listitem').allInnerTexts();
      assert.match(steps[0] ?? '', /source.*static.*yes.*the entry is in the table/is);
      assert.match(steps.at(-2) ?? '', /peer.*edge-fra.*no.*the session is Active.*herald\.yaml:9:5/is);
      await press('Escape');
      await dialog().waitFor({ state: 'hidden' });
      assert.equal(await focused(), 'Explain: address, prefix or service');
      assert.equal(new URL(page.url()).hash, '');
    });

    it('says what is not known', async () => {
      await press('/');
      await page.keyboard.type('192.0.2.254');
      await press('Enter');
      await dialog().getByText('192.0.2.254 is nothing here').waitFor();
    });

    it('walks from the top to the rows in the order in which they stand', async () => {
      const stops: string[] = [];
      for (let count = 0; count < 14; count++) {
        await press('Tab');
        stops.push(await focused());
      }
      assert.deepEqual(
        stops.map((stop) => stop.replace(/Explain: address.*/, 'Explain: …')),
        [
          'Skip to the content',
          'Explain: …',
          'Explain',
          'Colours: auto. Change to light',
          'Table of BGP peers',
          'tor-1',
          'tor-2',
          'edge-fra',
          'lab',
          'warnings and errors only',
          'Events, the newest first',
          'Table of interfaces',
          'Services',
          'Filter by name, address, pool or source',
        ],
      );
    });

    it('skips what is at the top, opens a peer, and explains a service of the table', async () => {
      await press('Tab');
      await press('Enter');
      await press('Tab');
      await press('Tab');
      const peer = region('BGP peers').getByRole('button', { name: 'tor-1' });
      assert.equal(await peer.getAttribute('aria-expanded'), 'false');
      await press('Enter');
      assert.equal(await peer.getAttribute('aria-expanded'), 'true');
      await region('BGP peers').getByText('hold 90s, keepalive 30s').waitFor();
      const service = rows().getByRole('button', { name: 'platform/api-000001' });
      await service.focus();
      await press('Enter');
      await page.getByRole('dialog', { name: 'Explain platform/api-000001' }).waitFor();
      await press('Tab');
      await press('Enter');
      await dialog().waitFor({ state: 'hidden' });
      assert.equal(await focused(), 'platform/api-000001');
    });

    it('changes between the lists with the arrows', async () => {
      await page.getByRole('tab', { name: 'Services' }).focus();
      await press('ArrowRight');
      await page.getByRole('tab', { name: 'Announcements', selected: true }).waitFor();
      assert.equal(await focused(), 'Announcements');
      await rows().getByText('10.64.0.1/32').first().waitFor();
    });

    it('clears the filter with Escape', async () => {
      await filter().focus();
      await page.keyboard.type('nothing like it');
      await page.getByText('Nothing matches', { exact: true }).waitFor();
      await press('Escape');
      await page.getByText('Page 1, 100 rows of 400').waitFor();
    });
  });

  describe('to a screen reader', () => {
    it('has landmarks, and one heading for each of its parts', async () => {
      for (const role of ['banner', 'main', 'contentinfo'] as const)
        assert.equal(await page.getByRole(role).count(), 1, role);
      const headings = await page.getByRole('heading', { level: 2 }).allInnerTexts();
      assert.deepEqual(headings, [
        'BGP peers',
        'Events',
        'Announced prefixes',
        'Address pools',
        'Interfaces',
        'Services',
      ]);
      for (const name of headings) assert.equal((await region(name).count()) > 0, true, name);
      assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
    });

    it('names everything that can be used, and every column', async () => {
      const nameless = await page.evaluate<string[]>(`
        [...document.querySelectorAll('button, input, select, a, [role=img], [role=tab], section, nav, search')]
          .filter((one) => !(one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || one.textContent.trim() || one.labels?.length))
          .map((one) => one.outerHTML)`);
      assert.deepEqual(nameless, []);
      const columns = await page.evaluate<string[]>(
        `[...document.querySelectorAll('th')].filter((one) => !one.scope || !one.textContent.trim()).map((one) => one.outerHTML)`,
      );
      assert.deepEqual(columns, []);
      const twins = await page.evaluate<string[]>(
        `[...document.querySelectorAll('[id]')].map(({ id }) => id).filter((id, at, all) => all.indexOf(id) !== at)`,
      );
      assert.deepEqual(twins, []);
    });

    it('says every state in words', async () => {
      const wordless = await page.evaluate<string[]>(
        `[...document.querySelectorAll('.state, .judged')].filter((one) => !one.textContent.trim()).map((one) => one.outerHTML)`,
      );
      assert.deepEqual(wordless, []);
      await page.getByRole('img', { name: /^Announced over the last .*now/ }).waitFor();
      await page.getByRole('img', { name: /events? in the last 60 minutes, \d+ of them warnings or errors/ }).waitFor();
    });
  });

  describe('on any screen', () => {
    const ground = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');

    it('is light or dark as the system is, unless somebody chose', async () => {
      assert.equal(await ground(), 'rgb(244, 245, 247)');
      await page.emulateMedia({ colorScheme: 'dark' });
      assert.equal(await ground(), 'rgb(13, 16, 19)');
      await page.getByRole('button', { name: 'Colours: auto' }).click();
      assert.equal(await ground(), 'rgb(244, 245, 247)');
      await page.reload();
      await page.getByRole('button', { name: 'Colours: light' }).click();
      await page.emulateMedia({ colorScheme: 'light' });
      assert.equal(await ground(), 'rgb(13, 16, 19)');
    });

    for (const width of [1280, 400])
      for (const colorScheme of ['light', 'dark'] as const)
        it(`fits ${width} pixels, ${colorScheme}`, async () => {
          await page.setViewportSize({ width, height: 900 });
          await page.emulateMedia({ colorScheme });
          await region('BGP peers').getByRole('button', { name: 'edge-fra' }).click();
          assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width);
          await picture(page, `${width}-${colorScheme}`);
          await page.getByRole('searchbox', { name: 'Explain' }).first().fill('10.64.0.1');
          await page.keyboard.press('Enter');
          await page.getByRole('dialog').getByRole('listitem').first().waitFor();
          assert.ok((await page.getByRole('dialog').boundingBox())!.width <= width);
          await picture(page, `${width}-${colorScheme}-explain`);
          assert.deepEqual(await opened.faults(), []);
        });
  });
});
