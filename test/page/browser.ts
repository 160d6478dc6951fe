// Debian's Chromium, and what went wrong in a page: errors on the console, violations of the Content-Security-Policy,
// requests to anywhere but the page's own server.

import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { packages } from '../setup.js';

const quiet = ['gpu', 'quic', 'background-networking', 'component-update', 'sync', 'dev-shm-usage'];

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: packages.chromium,
    args: ['--no-sandbox', '--no-first-run', ...quiet.map((part) => `--disable-${part}`)],
  });

export interface Opened {
  readonly page: Page;
  /** What went wrong so far. */
  faults(): Promise<readonly string[]>;
}

export async function open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Opened> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') faults.push(message.text());
  });
  page.on('pageerror', ({ message }) => faults.push(message));
  page.on('request', (request) => {
    if (!request.url().startsWith(url)) faults.push(`asked ${request.url()}`);
  });
  await page.addInitScript(`
    globalThis.violations = [];
    addEventListener('securitypolicyviolation', ({ violatedDirective, sourceFile }) =>
      violations.push('refused by ' + violatedDirective + ': ' + sourceFile));
  `);
  await page.goto(url);
  return {
    page,
    faults: async () => [...faults, ...(await page.evaluate<string[]>('violations'))],
  };
}
