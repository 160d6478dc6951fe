import assert from 'node:assert/strict';
import { Driver, type Machine } from '../src/machine.js';

type Event = number;
type Action = string;

/** Counts, and says what it saw. */
const counter: Machine<number, Event, Action> = {
  initial: 0,
  step: (state, event) => ({ state: state + event, actions: [`${state} + ${event}`, 'done'] }),
};

describe('The driver of a machine', () => {
  it('performs what each step decides, in order, with the new state already there', () => {
    const seen: string[] = [];
    const driver: Driver<number, Event, Action> = new Driver(counter, (action) =>
      seen.push(`${action} = ${driver.state}`),
    );
    assert.equal(driver.state, 0);
    driver.dispatch(2);
    driver.dispatch(3);
    assert.deepEqual(seen, ['0 + 2 = 2', 'done = 2', '2 + 3 = 5', 'done = 5']);
  });

  it('lets an event that comes meanwhile wait until all of the step before has been performed', () => {
    const seen: string[] = [];
    const driver: Driver<number, Event, Action> = new Driver(counter, (action) => {
      seen.push(action);
      if (action === '0 + 1') for (const event of [10, 100]) driver.dispatch(event);
    });
    driver.dispatch(1);
    assert.deepEqual(seen, ['0 + 1', 'done', '1 + 10', 'done', '11 + 100', 'done']);
    assert.equal(driver.state, 111);
  });

  it('goes on after an action that failed', () => {
    const driver = new Driver(counter, (action) => {
      if (action === '0 + 1') throw new Error('failed');
    });
    assert.throws(() => driver.dispatch(1), /failed/);
    driver.dispatch(1);
    assert.equal(driver.state, 2);
  });
});
