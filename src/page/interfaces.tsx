// The interfaces that addresses are announced on over ARP and NDP.

import type { LanInterface } from './api.js';
import { formatCount } from './format.js';
import { Card, Scroll, State } from './parts.js';

export function InterfacesCard({ interfaces }: { readonly interfaces: readonly LanInterface[] }) {
  return (
    <Card title="Interfaces" area="interfaces" aside={`${interfaces.filter(isServing).length} serving`}>
      <Scroll label="Table of interfaces">
        <table>
          <thead>
            <tr>
              <th scope="col">Interface</th>
              <th scope="col">State</th>
              <th scope="col" class="number">
                Announced
              </th>
              <th scope="col" class="number">
                Answered
              </th>
              <th scope="col" class="number optional">
                Conflicts
              </th>
            </tr>
          </thead>
          <tbody>
            {interfaces.map((its) => (
              <tr key={its.name}>
                <th scope="row">
                  {its.name}
                  <span class="under code" title={its.addresses.join('\n')}>
                    {its.addresses.slice(0, 2).join('  ')}
                    {its.addresses.length > 2 ? ` +${its.addresses.length - 2}` : ''}
                  </span>
                </th>
                <td>
                  {stateOf(its)}
                  {its.problem === '' && its.reason === '' ? null : (
                    <span class="under why">{its.problem === '' ? its.reason : its.problem}</span>
                  )}
                </td>
                <td class="number">{formatCount(its.announced)}</td>
                <td class="number">{formatCount(its.counters.ipv4.responsesSent + its.counters.ipv6.responsesSent)}</td>
                <td class="number optional">{formatCount(its.conflicts.reduce((so, { count }) => so + count, 0))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </Card>
  );
}

const isServing = ({ usable, problem }: LanInterface): boolean => usable && problem === '';

function stateOf(its: LanInterface) {
  if (its.problem !== '') return <State mood="bad" word="Failing" />;
  if (!its.usable) return <State mood="off" word="Not usable" />;
  return its.conflicts.length > 0 ? <State mood="bad" word="Conflict" /> : <State mood="good" word="Serving" />;
}
