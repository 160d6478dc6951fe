// Dots while it runs, failures in full, what was skipped and why, and a last line that a machine can read:
// `N passed, N failed, N skipped`.

import Mocha from 'mocha';

const { Dot } = Mocha.reporters;
const { EVENT_RUN_END, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** Whole suites are named once, with the reason that skipped() gave them; single tests by their own names. */
function skippedTitle(test) {
  for (let suite = test.parent; suite !== undefined && suite !== null; suite = suite.parent)
    if (suite.skipReason !== undefined) return `${suite.fullTitle()}: ${suite.skipReason}`;
  return test.skipReason === undefined ? test.fullTitle() : `${test.fullTitle()}: ${test.skipReason}`;
}

// biome-ignore lint/style/noDefaultExport: mocha looks for it there.
export default class Reporter extends Dot {
  constructor(runner, options) {
    super(runner, options);
    const skipped = new Map();
    runner.on(EVENT_TEST_PENDING, (test) => {
      const title = skippedTitle(test);
      skipped.set(title, (skipped.get(title) ?? 0) + 1);
    });
    runner.once(EVENT_RUN_END, () => {
      const lines = [...skipped].map(
        ([title, tests]) => `  skipped ${tests === 1 ? '' : `${tests} tests of `}${title}`,
      );
      const { passes, failures, pending } = this.stats;
      lines.push(`${passes} passed, ${failures} failed, ${pending} skipped`);
      process.stdout.write(`${lines.join('\n')}\n`);
    });
  }
}
