import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Audit } from '../../src/api/audit.js';
import { CallError } from '../../src/api/problem-answer.js';
import { Journal } from '../../src/bgp/session-journal.js';
import {
  LogLimits,
  type LogLine,
  mostOfEvent,
  mostOfSubject,
  mostRefusals,
  mostWrites,
  windowMs,
} from '../../src/io/log-limits.js';
import type { LogLevel } from '../../src/ports.js';

/** A log whose time is handed in. */
class LimitedLog {
  readonly lines: LogLine[] = [];
  readonly limits = new LogLimits();
  nowMs = 0;

  write(level: LogLevel, event: string, message: string, fields: LogLine['fields'] = {}): void {
    this.lines.push(...this.limits.admit({ level, event, message, fields, at: new Date(0) }, this.nowMs));
  }

  settle(): void {
    this.lines.push(...this.limits.due(this.nowMs));
  }

  of(event: string): LogLine[] {
    return this.lines.filter((line) => line.event === event);
  }
}

describe('The limits of the log', () => {
  it('leave a peer that flaps without end thirty lines of a kind a minute, and say how many there were', () => {
    const log = new LimitedLog();
    const clock = { monotonicMs: () => log.nowMs, now: () => new Date(0) };
    const [flapping, calm] = [new Journal('tor-1', log, clock), new Journal('tor-2', log, clock)];
    const notified = {
      kind: 'notified',
      notification: { kind: 'notification', code: 6, subcode: 9, data: new Uint8Array() },
    } as const;
    for (let flap = 0; flap < 10_000; flap++) {
      log.nowMs = flap * 10;
      flapping.up({});
      flapping.ended('Established', notified, true);
    }
    calm.up({});
    log.nowMs += windowMs;
    log.settle();
    const of = (event: string, peer: string): number =>
      log.of(event).filter(({ fields }) => fields['peer'] === peer).length;
    assert.deepEqual(
      [of('sessionUp', 'tor-1'), of('sessionDown', 'tor-1'), of('peerNotification', 'tor-1')],
      [60, 60, 60],
    );
    assert.equal(of('sessionUp', 'tor-2'), 1);
    const [first] = log.of('linesOmitted');
    assert.deepEqual(first?.fields, { of: 'sessionUp', peer: 'tor-1', count: 6000 - mostOfSubject });
    assert.match(first?.message ?? '', /^5970 more lines sessionUp about tor-1 within a minute are left out$/);
    const told = log.of('linesOmitted').reduce((sum, { fields }) => sum + Number(fields['count']), 0);
    assert.equal(told + 180, 30_000, 'none is lost without being counted');
    assert.equal(log.limits.areOmitting, false);
  });

  it('leave clients that are refused as fast as they ask sixty lines a minute, whatever they ask for', () => {
    const log = new LimitedLog();
    const audit = new Audit(log);
    for (let i = 0; i < 5000; i++)
      audit.refused(
        {
          method: 'PUT',
          path: '/v1/sources/cli/services/a/{name}',
          names: { name: `s${i}` },
          query: {},
          caller: undefined,
        },
        new CallError(422, 'invalid', 'no'),
      );
    assert.equal(log.of('apiWrite').filter(({ level }) => level === 'warn').length, mostRefusals);
  });

  it('keep the trail of what was changed for as long as a host can bear it', () => {
    const log = new LimitedLog();
    for (let i = 0; i < 2 * mostWrites; i++) log.write('info', 'apiWrite', 'done');
    for (let i = 0; i < 2 * mostRefusals; i++) log.write('warn', 'apiWrite', 'refused');
    assert.deepEqual([log.lines.length, log.limits.areOmitting], [mostWrites + mostRefusals, true]);
  });

  it('leave services and entries that change by the thousand three hundred lines a minute of each source', () => {
    const log = new LimitedLog();
    for (let i = 0; i < 2000; i++) {
      log.write('warn', 'notAllocated', `s${i}`, { service: `s${i}` });
      log.write('warn', 'sourceProblem', `line ${i}`, { source: 'table' });
    }
    log.write('warn', 'sourceProblem', 'line 1', { source: 'other' });
    assert.deepEqual([log.of('notAllocated').length, log.of('sourceProblem').length], [mostOfEvent, mostOfEvent + 1]);
  });

  it('begin anew after a minute, and forget whom they have not heard of since', () => {
    const log = new LimitedLog();
    for (let i = 0; i < 40; i++) log.write('warn', 'connectFailed', 'no', { peer: 'tor-1' });
    log.nowMs = windowMs - 1;
    log.write('warn', 'connectFailed', 'no', { peer: 'tor-1' });
    assert.equal(log.lines.length, mostOfSubject);
    log.nowMs = windowMs;
    log.write('warn', 'connectFailed', 'again', { peer: 'tor-1' });
    assert.deepEqual(
      log.lines.slice(mostOfSubject).map(({ event, message }) => [event, message]),
      [
        ['linesOmitted', '11 more lines connectFailed about tor-1 within a minute are left out'],
        ['connectFailed', 'again'],
      ],
    );
    log.nowMs = 3 * windowMs;
    log.settle();
    assert.equal(log.lines.length, mostOfSubject + 2);
  });

  it('count every line that they leave out, whatever comes when', () => {
    const step = fc.record({
      event: fc.constantFrom('sessionUp', 'sessionDown'),
      peer: fc.constantFrom('a', 'b'),
      times: fc.nat(80),
      laterMs: fc.constantFrom(0, 1, 30_000, 59_999, 60_000, 200_000),
      settles: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const log = new LimitedLog();
        let written = 0;
        for (const { event, peer, times, laterMs, settles } of steps) {
          for (let i = 0; i < times; i++) log.write('info', event, '', { peer });
          written += times;
          log.nowMs += laterMs;
          if (settles) log.settle();
        }
        log.nowMs += windowMs;
        log.settle();
        const omitted = log.of('linesOmitted').reduce((sum, { fields }) => sum + Number(fields['count']), 0);
        assert.equal(log.lines.length - log.of('linesOmitted').length + omitted, written);
        assert.equal(log.limits.areOmitting, false);
      }),
    );
  });
});
