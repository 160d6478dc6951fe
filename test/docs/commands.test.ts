// Every command line in the documents is typed, and must print what the document shows: told.ts says how exactly. A document
// is one session, from its first block to its last:
//
// - `$ line` or `# line` in a console block is typed; one that ends in `\` or `|` goes on in the next. Below it stands what
//   it prints; where nothing does, it must exit 0.
// - A block whose first line is a comment that only names a file is that file, put there when the session comes to it.
// - What only looks is typed again until it prints what it should: sessions take their time.
// - What stays (`herald run`, `--watch`) does so in the background, and a drain is over sooner.
// - A session begins in an empty directory, /home/you/tour, on the host that scenes.ts has for the document.

import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { documents, type Step, stepsOf } from './documents.js';
import { obstacleTo, sceneOf } from './scenes.js';
import { machineObstacle, Shell } from './shell.js';
import { isTold } from './told.js';

/** What cannot be typed here, and why. */
const untyped: readonly (readonly [RegExp, string])[] = [
  [/^npm |^apt |^install |^cp \/usr\/share/, 'the packages: test/bundle and test/systemd have them'],
  [/^journalctl /, 'there is no journal'],
];

/** Changes nothing, and may be typed twice. */
const looks =
  /^(?:ip netns exec \S+ )?(?:herald (?:status|peers|services|announcements|interfaces|pools|sources|explain|plan|check)|birdc|vtysh|gobgp|ssh|ip (?:-\S+ )*\w+ show|arping|curl(?!.* (?:-X|-d|-T) )|grep|cat|ls)\b/;
/** curl is content with any answer. */
const isProblem = /"status":[45]\d\d,"code"/;
const patienceMs = 20_000;

/** The host of the documents that name none is `vm`. */
const asDocumented = (printed: string, { home }: Shell): string =>
  printed.replaceAll(home, '/home/you/tour').replaceAll(new RegExp(`(?<=on |node )${hostname()}\\b`, 'g'), 'vm');

async function follow(shell: Shell, step: Step): Promise<void> {
  if (step.kind === 'file') return shell.put(step.path, step.text);
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const { code, printed } = await shell.type(
      step.text.replace(/^herald drain\b(?: --for \S+)?/, 'herald drain --for 1s'),
    );
    try {
      if (step.shown === '') assert.ok(code === 0 && !isProblem.test(printed), `exits ${code}:\n${printed}`);
      else isTold(asDocumented(printed, shell), step.shown);
      return;
    } catch (error) {
      if (!looks.test(step.text) || performance.now() > deadline) throw error;
    }
    await delay(100);
  }
}

/** Of each step: undefined when all is well; after the first failure none is tried. */
type Outcomes = readonly (Error | 'not reached' | undefined)[];

async function goThrough(document: string, steps: readonly Step[]): Promise<Outcomes> {
  const shell = new Shell(apart === undefined);
  const outcomes: (Error | undefined)[] = [];
  try {
    for (const line of sceneOf(document).lines) {
      const { code, printed } = await shell.type(line);
      assert.equal(code, 0, `${line}: ${printed}`);
    }
    for (const step of steps) {
      await follow(shell, step);
      outcomes.push(undefined);
    }
  } catch (error) {
    process.stderr.write(`\n${document}\n${shell.logs}\n`);
    outcomes.push(error instanceof Error ? error : new Error(String(error)));
  } finally {
    await shell.end();
  }
  return steps.map((_, index) => (index < outcomes.length ? outcomes[index] : 'not reached'));
}

const isTyped = (step: Step): boolean => step.kind === 'file' || !untyped.some(([pattern]) => pattern.test(step.text));

/** Why there are no machines of their own here. */
const apart = machineObstacle();
const readings = documents
  .map((document) => ({ document, steps: stepsOf(document).filter(isTyped) }))
  .filter(({ steps }) => steps.some(({ kind }) => kind === 'command'));

describe('the command lines in the documents', () => {
  const outcomes = new Map<string, Promise<Outcomes>>();

  // Three documents at a time: they wait more than they work.
  before(() => {
    const lanes = [Promise.resolve(), Promise.resolve(), Promise.resolve()];
    for (const [index, { document, steps }] of readings.entries()) {
      if (obstacleTo(sceneOf(document), apart) !== undefined) continue;
      const lane = index % lanes.length;
      const reading = (lanes[lane] ?? Promise.resolve()).then(() => goThrough(document, steps));
      outcomes.set(document, reading);
      lanes[lane] = reading.then(() => undefined);
    }
  });

  for (const { document, steps } of readings) {
    describe(document, function () {
      this.timeout(120_000);
      let found: Outcomes = [];

      before(async function () {
        const reading = outcomes.get(document);
        if (reading === undefined) {
          Object.assign(this.test?.parent ?? {}, { skipReason: obstacleTo(sceneOf(document), apart) });
          this.skip();
        }
        found = await reading;
      });

      for (const [index, step] of steps.entries())
        it(`${step.line}: ${step.kind === 'file' ? step.path : step.text}`, function () {
          const outcome = found[index];
          if (outcome === 'not reached') this.skip();
          if (outcome !== undefined) throw outcome;
        });
    });
  }

  it('are left out for a reason that something needs', () => {
    const commands = documents.flatMap(stepsOf).filter((step) => step.kind === 'command');
    for (const [pattern] of untyped)
      assert.ok(
        commands.some(({ text }) => pattern.test(text)),
        `${pattern}`,
      );
  });
});
