// What happened lately, the newest first.

import { useState } from 'preact/hooks';
import { MinuteBars } from './chart.js';
import { type EventLine, eventsPerMinute } from './events.js';
import { Card, Moment, Scroll, State } from './parts.js';
import type { Mood } from './verdict.js';

const moods: Readonly<Record<EventLine['level'], Mood>> = { error: 'bad', warn: 'wait', info: 'off', debug: 'off' };
const minutesShown = 60;

interface EventsProps {
  readonly events: readonly EventLine[];
  readonly nowMs: number;
}

export function EventsCard({ events, nowMs }: EventsProps) {
  const [isGraveOnly, setGraveOnly] = useState(false);
  const shown = isGraveOnly ? events.filter(({ level }) => level === 'error' || level === 'warn') : events;
  return (
    <Card
      title="Events"
      area="events"
      aside={
        <label class="check">
          <input
            type="checkbox"
            checked={isGraveOnly}
            onChange={(event) => setGraveOnly(event.currentTarget.checked)}
          />
          warnings and errors only
        </label>
      }
    >
      <MinuteBars minutes={eventsPerMinute(events, nowMs, minutesShown)} />
      <div class="axis" aria-hidden="true">
        <span>events by the minute, 1h</span>
        <span>now</span>
      </div>
      {shown.length === 0 ? (
        <p class="empty">{events.length === 0 ? 'Nothing has happened yet.' : 'No warning and no error.'}</p>
      ) : (
        <Scroll label="Events, the newest first">
          <ol class="event-list">
            {shown.map((line) => (
              <li key={`${line.id} ${line.at}`}>
                <Moment at={line.at} nowMs={nowMs} />
                <State mood={moods[line.level]} word={line.event} />
                <span class="message">
                  {subjectOf(line)}
                  {line.message}
                </span>
              </li>
            ))}
          </ol>
        </Scroll>
      )}
    </Card>
  );
}

/** The peer's name, where the message does not say it. */
function subjectOf({ fields, message }: EventLine): string {
  const subject = fields['peer'];
  return typeof subject === 'string' && !message.includes(subject) ? `${subject}: ` : '';
}

/** Read out as it comes: only what wants a look. */
export function Announcer({ events }: { readonly events: readonly EventLine[] }) {
  const grave = events.find(({ level }) => level === 'error' || level === 'warn');
  return (
    <p class="unseen" role="status" aria-label="Latest warning">
      {grave === undefined ? '' : `${grave.event}: ${subjectOf(grave)}${grave.message}`}
    </p>
  );
}
