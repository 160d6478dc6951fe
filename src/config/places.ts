// Where things stand in a configuration, by the names that it gives them: for whoever says which line decided.

import type { Place } from '../problem.js';
import type { Document } from './document.js';
import { isRecord } from './reader.js';

/**
 * Of what the steps lead to: keys, and into a list the `name` of an item or its number. What stands in the `spec` of an item
 * counts as written beside its name. Undefined where nothing is written.
 */
export function placeIn(document: Document, steps: readonly (string | number)[]): Place | undefined {
  const path: (string | number)[] = [];
  let value = document.value;
  for (const step of steps) {
    if (Array.isArray(value)) {
      const items: readonly unknown[] = value;
      const index =
        typeof step === 'number' ? step : items.findIndex((item) => isRecord(item) && item['name'] === step);
      if (!(index in items)) return undefined;
      path.push(index);
      value = items[index];
      continue;
    }
    if (!isRecord(value)) return undefined;
    const { spec } = value;
    if (Object.hasOwn(value, step)) path.push(step);
    else if (isRecord(spec) && Object.hasOwn(spec, step)) {
      path.push('spec', step);
      value = spec;
    } else return undefined;
    value = isRecord(value) ? value[step] : undefined;
  }
  return document.keyPlace(path);
}
