// Services and announcements: a page of a hundred at a time, filtered by herald itself, so that a table of any length
// costs the same.

import { useRef } from 'preact/hooks';
import { announcementStates, serviceStates } from './api.js';
import { formatCount, plural } from './format.js';
import { Announcements, Services } from './listing-tables.js';
import { back, forward, pageNumber, type Query } from './pages.js';
import { Card, Scroll } from './parts.js';
import { usePages, useSettled } from './use-pages.js';
import type { View } from './view.js';

interface ListingProps {
  readonly view: View;
  readonly change: (part: Partial<View>) => void;
  readonly generation: number;
  readonly nowMs: number;
  readonly services: number;
}

const typingMs = 200;

export function Listing({ view, change, generation, nowMs, services }: ListingProps) {
  const { list, state } = view;
  const q = useSettled(view.q, typingMs);
  const query: Query = list === 'services' ? { q, state } : { q, state, protocol: view.protocol };
  const isFiltered = view.q + view.state + (list === 'services' ? '' : view.protocol) !== '';
  const { rows, failure, isBusy, place, go } = usePages(list, query, generation);
  const count = rows[list].length;
  const total = list === 'services' && !isFiltered ? ` of ${formatCount(services)}` : '';
  const nothing = isBusy ? 'Reading …' : isFiltered ? 'Nothing matches' : `No ${list}`;
  const summary = count === 0 ? nothing : `Page ${pageNumber(place)}, ${plural(count, 'row')}${total}`;
  const explain = (text: string): void => change({ explain: text });
  return (
    <Card
      title={list === 'services' ? 'Services' : 'Announcements'}
      area="listing"
      aside={<Tabs list={list} choose={(chosen) => change({ list: chosen, state: '', protocol: '' })} />}
    >
      <search class="filter" aria-label={`Filter ${list}`}>
        <input
          type="search"
          aria-label="Filter by name, address, pool or source"
          placeholder={list === 'services' ? 'Name, address, pool or source' : 'Prefix, service, peer or interface'}
          value={view.q}
          spellcheck={false}
          autocomplete="off"
          onInput={(event) => change({ q: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') change({ q: '' });
          }}
        />
        <Choice
          label="State"
          value={view.state}
          options={list === 'services' ? serviceStates : announcementStates}
          choose={(chosen) => change({ state: chosen })}
        />
        {list === 'announcements' ? (
          <Choice
            label="Protocol"
            value={view.protocol}
            options={['bgp', 'layer2']}
            choose={(chosen) => change({ protocol: chosen })}
          />
        ) : null}
        {isFiltered ? (
          <button type="button" class="quiet" onClick={() => change({ q: '', state: '', protocol: '' })}>
            Clear
          </button>
        ) : null}
        <nav class="pager" aria-label={`Pages of ${list}`}>
          <span role="status">{failure === '' ? summary : failure}</span>
          <button type="button" disabled={place.trail.length === 0} onClick={() => go(back(place))}>
            <span aria-hidden="true">←</span> Previous
          </button>
          <button
            type="button"
            disabled={rows.next === undefined}
            onClick={() => rows.next !== undefined && go(forward(place, rows.next))}
          >
            Next <span aria-hidden="true">→</span>
          </button>
        </nav>
      </search>
      <div id="rows" role="tabpanel" aria-label={list} aria-busy={isBusy}>
        {count === 0 ? (
          <p class="empty">{summary}.</p>
        ) : (
          <Scroll label={`Table of ${list}`}>
            {list === 'services' ? (
              <Services services={rows.services} explain={explain} nowMs={nowMs} />
            ) : (
              <Announcements announcements={rows.announcements} explain={explain} />
            )}
          </Scroll>
        )}
      </div>
    </Card>
  );
}

interface TabsProps {
  readonly list: View['list'];
  readonly choose: (list: View['list']) => void;
}

const tabs = [
  ['services', 'Services'],
  ['announcements', 'Announcements'],
] as const;

function Tabs({ list, choose }: TabsProps) {
  const buttons = useRef<(HTMLButtonElement | null)[]>([]);
  const move = (event: KeyboardEvent): void => {
    if (event.key !== 'ArrowLeft' && event.key !== 'ArrowRight') return;
    event.preventDefault();
    const other = list === 'services' ? 1 : 0;
    choose(tabs[other][0]);
    buttons.current[other]?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label="What is listed">
      {tabs.map(([name, title], index) => (
        <button
          key={name}
          ref={(button) => {
            buttons.current[index] = button;
          }}
          type="button"
          role="tab"
          aria-selected={list === name}
          aria-controls="rows"
          tabIndex={list === name ? 0 : -1}
          onClick={() => choose(name)}
          onKeyDown={move}
        >
          {title}
        </button>
      ))}
    </div>
  );
}

interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly options: readonly string[];
  readonly choose: (value: string) => void;
}

const Choice = ({ label, value, options, choose }: ChoiceProps) => (
  <select aria-label={label} value={value} onChange={(event) => choose(event.currentTarget.value)}>
    <option value="">Any {label.toLowerCase()}</option>
    {options.map((option) => (
      <option key={option} value={option}>
        {option}
      </option>
    ))}
  </select>
);
