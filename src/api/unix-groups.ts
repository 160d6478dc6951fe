// Groups of this host by name and number, as /etc/group has them. Directories such as LDAP are not asked: herald's group
// is a system group.

import { readFileSync } from 'node:fs';

function entries(): readonly (readonly string[])[] {
  try {
    return readFileSync('/etc/group', 'utf8')
      .split('\n')
      .map((line) => line.split(':'));
  } catch {
    return [];
  }
}

export function groupId(name: string): number | undefined {
  const id = entries().find(([group]) => group === name)?.[2];
  return id === undefined || !/^\d+$/.test(id) ? undefined : Number(id);
}

export const groupName = (id: number): string | undefined => entries().find(([, , group]) => group === String(id))?.[0];
