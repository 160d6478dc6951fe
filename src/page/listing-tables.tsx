// The rows of the two lists, as tables.

import type { ComponentChildren } from 'preact';
import type { ServiceAnnouncementBody, ServiceBody } from './api.js';
import { formatCount } from './format.js';
import { Moment, State } from './parts.js';
import type { Mood } from './verdict.js';

type Explain = (text: string) => void;

const serviceMoods: Readonly<Record<ServiceBody['state'], Mood>> = {
  Allocated: 'good',
  Pending: 'wait',
  Moving: 'wait',
  Flapping: 'wait',
  OutOfPool: 'bad',
  Rejected: 'bad',
  Shadowed: 'off',
  Ignored: 'off',
};

const announcementMoods: Readonly<Record<ServiceAnnouncementBody['state'], Mood>> = {
  announced: 'good',
  pending: 'wait',
  withheld: 'off',
};

const Asking = ({ text, explain }: { readonly text: string; readonly explain: Explain }) => (
  <button type="button" class="ask" title={`Explain ${text}`} onClick={() => explain(text)}>
    {text}
  </button>
);

interface ServicesProps {
  readonly services: readonly ServiceBody[];
  readonly explain: Explain;
  readonly nowMs: number;
}

const addressesShown = 3;

export const Services = ({ services, explain, nowMs }: ServicesProps) => (
  <table>
    <thead>
      <tr>
        <th scope="col">Service</th>
        <th scope="col">State</th>
        <th scope="col">Addresses</th>
        <th scope="col" class="number optional">
          Announced
        </th>
        <th scope="col" class="optional">
          Pool
        </th>
        <th scope="col" class="optional">
          Source
        </th>
        <th scope="col" class="number optional">
          Since
        </th>
      </tr>
    </thead>
    <tbody>
      {services.map((service) => (
        <tr key={`${service.name} ${service.source} ${service.state}`}>
          <th scope="row">
            <Asking text={service.name} explain={explain} />
          </th>
          <td>
            <State mood={serviceMoods[service.state]} word={service.state} />
            <Why {...service} />
          </td>
          <td class="code">{addressesOf(service)}</td>
          <td class="number optional">{announcedOf(service)}</td>
          <td class="optional">{service.pool}</td>
          <td class="optional">
            {service.source}
            {service.owner === '' ? null : <span class="muted"> by {service.owner}</span>}
          </td>
          <td class="number optional">
            <Moment at={service.since} nowMs={nowMs} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);

function addressesOf({ addresses, prefixes }: ServiceBody): ComponentChildren {
  if (prefixes !== undefined) return `${formatCount(prefixes)} prefixes`;
  const shown = addresses.slice(0, addressesShown).map((address) => <span key={address}>{address}</span>);
  return addresses.length > addressesShown ? [...shown, `+${addresses.length - addressesShown}`] : shown;
}

/** Of how many announcements: one for each prefix and peer. */
function announcedOf({ announcements }: ServiceBody): ComponentChildren {
  if (announcements.length === 0) return <span class="muted">–</span>;
  const done = announcements.filter(({ state }) => state === 'announced').length;
  return `${done} of ${announcements.length}`;
}

/** Of the service, else of the first of its announcements that is withheld. */
function Why({ reason, message, announcements }: ServiceBody) {
  const withheld = announcements.find((one) => one.reason !== '');
  if (reason === '' && withheld === undefined) return null;
  const text = reason === '' ? `${withheld?.reason} (${withheld?.via})` : reason;
  return (
    <span class="under" title={message}>
      {text}
    </span>
  );
}

interface AnnouncementsProps {
  readonly announcements: readonly ServiceAnnouncementBody[];
  readonly explain: Explain;
}

export const Announcements = ({ announcements, explain }: AnnouncementsProps) => (
  <table>
    <thead>
      <tr>
        <th scope="col">Prefix</th>
        <th scope="col">State</th>
        <th scope="col">Via</th>
        <th scope="col" class="optional">
          Protocol
        </th>
        <th scope="col">Service</th>
      </tr>
    </thead>
    <tbody>
      {announcements.map(({ prefix, state, reason, via, protocol, service }) => (
        <tr key={`${service} ${prefix} ${protocol} ${via}`}>
          <th scope="row" class="code">
            <Asking text={prefix} explain={explain} />
          </th>
          <td>
            <State mood={announcementMoods[state]} word={state} />
            {reason === '' ? null : <span class="under">{reason}</span>}
          </td>
          <td>{via}</td>
          <td class="optional">{protocol === 'bgp' ? 'BGP' : 'LAN'}</td>
          <td>
            <Asking text={service} explain={explain} />
          </td>
        </tr>
      ))}
    </tbody>
  </table>
);
