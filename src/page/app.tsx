// The page as a whole: what stands where.

import { useEffect, useState } from 'preact/hooks';
import { HistoryChart } from './chart.js';
import { Announcer, EventsCard } from './events-card.js';
import { AskForm, ExplainDialog } from './explain.js';
import { formatDuration, formatMoment } from './format.js';
import { InterfacesCard } from './interfaces.js';
import { Listing } from './listing.js';
import type { Known, Live } from './live.js';
import { Headline, Tiles } from './overview.js';
import { Card, State } from './parts.js';
import { PeersCard } from './peers.js';
import { PoolsCard } from './pools.js';
import { ThemeButton } from './theme.js';
import { readView, type View, writeView } from './view.js';

export function App({ live }: { readonly live: Live }) {
  const known = useKnown(live);
  const [view, change] = useView();
  const nowMs = Date.now();
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <Top known={known} explain={(explain) => change({ explain })} />
      <main id="main" tabIndex={-1} class={known.failure === '' ? '' : 'stale'}>
        {known.status === undefined ? <First failure={known.failure} /> : <Body known={known} nowMs={nowMs} />}
        {known.status === undefined ? null : (
          <Listing
            view={view}
            change={change}
            generation={known.generation}
            nowMs={nowMs}
            services={known.status.counts.services}
          />
        )}
      </main>
      <footer>
        <p>
          Times are UTC. <a href="/v1/status">API</a> <a href="/openapi.json">OpenAPI</a> <a href="/metrics">Metrics</a>
        </p>
        <Announcer events={known.events} />
      </footer>
      <ExplainDialog asked={view.explain} explain={(explain) => change({ explain })} generation={known.generation} />
    </>
  );
}

function useKnown(live: Live): Known {
  const [known, setKnown] = useState(live.known);
  useEffect(() => {
    const learn = (): void => setKnown(live.known);
    learn();
    return live.watch(learn);
  }, [live]);
  return known;
}

/** Kept in the address of the page; what is typed makes no history, what is explained does not either. */
function useView(): readonly [View, (part: Partial<View>) => void] {
  const [view, setView] = useState(() => readView(location.hash));
  useEffect(() => {
    const follow = (): void => setView(readView(location.hash));
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  const change = (part: Partial<View>): void =>
    setView((before) => {
      const next = { ...before, ...part };
      history.replaceState(null, '', `${location.pathname}${writeView(next)}`);
      return next;
    });
  return [view, change];
}

function Top({ known, explain }: { readonly known: Known; readonly explain: (text: string) => void }) {
  const { status } = known;
  useEffect(() => {
    if (status !== undefined) document.title = `${status.node} · herald`;
  }, [status?.node]);
  return (
    <header class="top">
      <h1>
        <img src="/icon.svg" alt="" width="22" height="22" />
        herald
        {status === undefined ? null : <span class="node">{status.node}</span>}
      </h1>
      {status === undefined ? null : (
        <p class="muted about">
          {status.version} <span aria-hidden="true">·</span> up {formatDuration(status.uptimeSeconds)}
        </p>
      )}
      <AskForm asked="" explain={explain} label="Explain" isMain={true} />
      <Connection {...known} />
      <ThemeButton />
    </header>
  );
}

function Connection({ failure, isStreaming, status, atMs }: Known) {
  const [mood, word] =
    failure !== ''
      ? (['bad', 'Not connected'] as const)
      : status === undefined
        ? (['wait', 'Connecting'] as const)
        : isStreaming
          ? (['good', 'Live'] as const)
          : (['wait', 'Polling'] as const);
  const since = atMs === 0 ? '' : `as of ${formatMoment(new Date(atMs).toISOString(), atMs)}`;
  return (
    <p class="connection" role="status" title={[failure, since].filter((part) => part !== '').join(', ')}>
      <State mood={mood} word={word} />
      {failure !== '' && since !== '' ? <span class="muted since">{since}</span> : null}
    </p>
  );
}

const First = ({ failure }: { readonly failure: string }) => (
  <p class="plain">{failure === '' ? 'Reading …' : `${failure}; trying again.`}</p>
);

function Body({ known, nowMs }: { readonly known: Known; readonly nowMs: number }) {
  const { status, peers, pools, interfaces, events, history, failure, atMs } = known;
  if (status === undefined) return null;
  return (
    <>
      <Headline facts={{ status, peers, pools, interfaces }} failure={failure} atMs={atMs} />
      <Tiles status={status} nowMs={nowMs} />
      <div class="columns">
        <div class="column">
          <PeersCard peers={peers} nowMs={nowMs} />
          <EventsCard events={events} nowMs={nowMs} />
        </div>
        <div class="column">
          <Card title="Announced prefixes" area="history" aside="since this page was opened, 1h at most">
            <HistoryChart history={history} nowMs={atMs} />
          </Card>
          {pools.length === 0 ? null : <PoolsCard pools={pools} />}
          {interfaces.length === 0 ? null : <InterfacesCard interfaces={interfaces} />}
        </div>
      </div>
    </>
  );
}
