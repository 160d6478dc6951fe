import assert from 'node:assert/strict';
import fc from 'fast-check';
import { type TrackAction, type TrackEvent, trackMachine } from '../../src/l2/track.js';
import { type Echo, type EchoEvent, type EchoPort, Tracker } from '../../src/l2/tracker.js';
import type { Address } from '../../src/net/address.js';
import { parseAddress } from '../../src/net/address.js';
import { FakeTime } from '../bgp/fake-time.js';

const settings = { intervalMs: 1000, fall: 3, rise: 2 };

/** What it told, asked question by question: whether each was answered. */
function told(answers: readonly boolean[], { fall, rise } = settings): boolean[] {
  const machine = trackMachine({ intervalMs: 1000, fall, rise });
  let state = machine.initial;
  const changes: boolean[] = [];
  const dispatch = (event: TrackEvent): readonly TrackAction[] => {
    const step = machine.step(state, event);
    state = step.state;
    for (const action of step.actions) if (action.kind === 'tell') changes.push(action.isUp);
    return step.actions;
  };
  dispatch({ kind: 'start' });
  for (const isAnswered of answers) {
    if (isAnswered) dispatch({ kind: 'answered', sequence: state.sequence });
    const actions = dispatch({ kind: 'timePassed' });
    assert.deepEqual(
      actions.map(({ kind }) => kind).filter((kind) => kind !== 'tell'),
      ['ask', 'wait'],
    );
  }
  return changes;
}

const [yes, no] = [true, false];

describe('A tracked neighbour', () => {
  it('is up with its first answer', () => {
    assert.deepEqual(told([yes]), [true]);
    assert.deepEqual(told([no, no]), []);
  });

  it('is down after `fall` questions in a row without an answer, and not after fewer', () => {
    assert.deepEqual(told([yes, no, no, yes, no, no, yes]), [true]);
    assert.deepEqual(told([yes, no, no, no]), [true, false]);
  });

  it('is up again after `rise` answers in a row', () => {
    assert.deepEqual(told([yes, no, no, no, yes, no, yes, no]), [true, false]);
    assert.deepEqual(told([yes, no, no, no, yes, yes]), [true, false, true]);
  });

  it('that did not answer at first has to answer `rise` times', () => {
    assert.deepEqual(told([no, yes]), []);
    assert.deepEqual(told([no, yes, yes]), [true]);
  });

  it('has not answered when its answer is late, and only once however often it does', () => {
    const machine = trackMachine(settings);
    const { state } = machine.step(machine.initial, { kind: 'start' });
    const late = machine.step(machine.step(state, { kind: 'timePassed' }).state, {
      kind: 'answered',
      sequence: state.sequence,
    });
    assert.equal(late.state.isAnswered, false);
    const { state: down } = machine.step(state, { kind: 'timePassed' });
    const once = machine.step(down, { kind: 'answered', sequence: down.sequence });
    assert.deepEqual(machine.step(once.state, { kind: 'answered', sequence: down.sequence }), {
      state: once.state,
      actions: [],
    });
  });

  it('is asked with sequence numbers of sixteen bits, and still known after they began again', () => {
    const machine = trackMachine(settings);
    const { state } = machine.step({ ...machine.initial, sequence: 0xffff }, { kind: 'start' });
    assert.equal(state.sequence, 0);
    assert.equal(machine.step(state, { kind: 'answered', sequence: 0 }).state.isUp, true);
  });

  it('never changes twice within fewer questions than it takes', () => {
    const count = fc.integer({ min: 1, max: 4 });
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), count, count, (answers, fall, rise) => {
        let isUp = false;
        let before = 0;
        for (let i = 1; i <= answers.length; i++) {
          const changes = told(answers.slice(0, i), { intervalMs: 1000, fall, rise });
          if (changes.length === before) continue;
          assert.equal(changes.length, before + 1);
          before++;
          isUp = !isUp;
          assert.equal(changes.at(-1), isUp);
          const needed = isUp ? rise : fall;
          const last = answers.slice(Math.max(0, i - needed), i);
          assert.ok(last.every((isAnswered) => isAnswered === isUp));
        }
      }),
    );
  });
});

/** A neighbour that answers or not, as the test says. */
class FakeEcho implements EchoPort {
  answers = true;
  problem = '';
  asked: number[] = [];
  isClosed = false;

  open(_target: Address, _device: string, hear: (event: EchoEvent) => void): Echo {
    return {
      ask: (sequence) => {
        this.asked.push(sequence);
        if (this.problem !== '') hear({ kind: 'error', text: this.problem });
        else if (this.answers) hear({ kind: 'reply', sequence });
      },
      close: () => {
        this.isClosed = true;
      },
    };
  }
}

describe('A tracker', () => {
  let time: FakeTime;
  let echo: FakeEcho;
  let changes: boolean[];
  const begin = (): Tracker =>
    new Tracker({ ...settings, target: parseAddress('192.0.2.1')!, device: 'eth0' }, echo, time, (isUp) =>
      changes.push(isUp),
    );

  beforeEach(() => {
    time = new FakeTime();
    echo = new FakeEcho();
    changes = [];
  });

  it('asks at once and then every interval, and tells of changes', () => {
    const tracker = begin();
    assert.deepEqual([tracker.isUp, changes], [true, [true]]);
    time.run(2500);
    assert.deepEqual(echo.asked, [1, 2, 3]);
    echo.answers = false;
    time.run(3000);
    assert.equal(tracker.isUp, true);
    time.run(1000);
    assert.deepEqual([tracker.isUp, changes], [false, [true, false]]);
  });

  it('says why it cannot ask, until it is answered', () => {
    echo.problem = 'this host has no interface eth0';
    const tracker = begin();
    assert.deepEqual([tracker.isUp, tracker.problem], [false, 'this host has no interface eth0']);
    echo.problem = '';
    time.run(2000);
    assert.deepEqual([tracker.isUp, tracker.problem], [true, '']);
  });

  it('asks nobody after it was closed', () => {
    begin().close();
    time.run(10_000);
    assert.deepEqual([echo.asked.length, echo.isClosed, time.pending], [1, true, 0]);
  });
});
