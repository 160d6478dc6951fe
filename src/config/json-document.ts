// A document that is JSON, as programs write them: V8 parses it in a fraction of the time that YAML takes. Only what means
// the same as YAML is taken here; where in the text something stands is found by reading it as YAML, should anybody ask.

const deepest = 100;
/** Strings with the colon that makes them keys, numbers, and what opens and closes. */
const tokens = /"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[^\s,\]}]*|[[{]|[\]}]/g;

/** Undefined for what is no JSON, or not the same as YAML: a key given twice, a number with a point, too many levels. */
export function jsonMapping(text: string): object | undefined {
  if (!/^\s*\{/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  let keys = 0;
  let depth = 0;
  for (const [token, colon] of text.matchAll(tokens)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    else if (colon !== undefined) keys++;
    else if (token[0] !== '"' && !/^(?:0|-?[1-9]\d{0,14})$/.test(token)) return undefined;
    if (depth > deepest) return undefined;
  }
  return typeof value === 'object' && value !== null && keysIn(value) === keys ? value : undefined;
}

function keysIn(value: object): number {
  let count = Array.isArray(value) ? 0 : Object.keys(value).length;
  for (const child of Object.values(value)) if (typeof child === 'object' && child !== null) count += keysIn(child);
  return count;
}
