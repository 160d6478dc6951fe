// YAML text (JSON is a subset) as plain values that know where they were written. Meaning is the reader's business.
// YAML 1.2 core schema plus `<<` merges. Aliases are resolved here and not by the library, so that an alias that repeats
// itself, a flood of them and a doubled key are found with their line, and in linear time.

import {
  type Document as AstDocument,
  type Node as AstNode,
  Composer,
  type CST,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  Parser,
  Scalar,
  type YAMLMap,
} from 'yaml';
import { sanitised } from '../net/text.js';
import type { Place, Problem } from '../problem.js';
import { jsonMapping } from './json-document.js';

export type Path = readonly (string | number)[];

export interface Document {
  /**
   * Undefined when the text is not YAML. Values are shared where the text uses aliases; a map may have the own key
   * `__proto__`; a number with a point stays the text it was, because `1.10` is an AS number here, and not 1.1.
   */
  readonly value: unknown;
  /** Where the value stands; where it is absent, its nearest parent. */
  place(path: Path): Place;
  /** Where the key that leads to the value stands. */
  keyPlace(path: Path): Place;
  readonly problems: Problem[];
}

/** Larger documents cost seconds and hundreds of megabytes. */
const maxCharacters = 4 * 1024 * 1024;
/** The library recurses; deep enough, it takes the whole process with it. */
const maxDepth = 200;
/** Nodes that aliases may add to what is written out. */
const maxRepeatedNodes = 1_000_000;
/** After so many syntax errors the rest are consequences. */
const maxSyntaxProblems = 20;

/** The one document of a file. */
export function readDocument(text: string, file: string): Document {
  const value = text.length > maxCharacters ? undefined : jsonMapping(text);
  if (value === undefined) return readYaml(text, file);
  let places: Document | undefined;
  const asYaml = (): Document => {
    places ??= readYaml(text, file);
    return places;
  };
  return { value, place: (path) => asYaml().place(path), keyPlace: (path) => asYaml().keyPlace(path), problems: [] };
}

const readYaml = (text: string, file: string): Document => onlyDocument(readDocuments(text, file));

/** The first, which is blamed for those behind it. */
export function onlyDocument(documents: readonly Document[]): Document {
  const first = documents[0]!;
  const second = documents[1];
  if (second !== undefined) {
    const message = 'a second YAML document starts here; this file holds only one';
    first.problems.push({ severity: 'error', where: second.place([]), path: '', message });
  }
  return first;
}

/** Every document of a stream, at least one: an empty text is one document whose value is null. */
export function readDocuments(text: string, file: string): Document[] {
  if (text.length > maxCharacters) {
    const message = `larger than ${maxCharacters / 1024 / 1024} MiB, too much for YAML; large tables go into NDJSON (.ndjson) or CSV (.csv) files`;
    return [unreadable(file, 1, 1, message)];
  }
  const lines = new LineCounter();
  try {
    return parseStream(text, lines).map((document) => locate(document, file, lines));
  } catch (error) {
    if (!(error instanceof TooDeep)) throw error;
    const { line, col } = lines.linePos(error.offset);
    return [unreadable(file, Math.max(1, line), Math.max(1, col), `nested more than ${maxDepth} levels deep`)];
  }
}

class TooDeep extends Error {
  readonly offset: number;

  constructor(offset: number) {
    super();
    this.offset = offset;
  }
}

function* tokens(text: string, parser: Parser): Generator<CST.Token> {
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > maxDepth) throw new TooDeep(parser.offset);
  }
  yield* parser.end();
}

function parseStream(text: string, lines: LineCounter): AstDocument.Parsed[] {
  lines.addNewLine(0);
  const composer = new Composer({
    prettyErrors: false,
    schema: 'core',
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false,
    logLevel: 'silent',
  });
  return [...composer.compose(tokens(text, new Parser(lines.addNewLine)), true, text.length)];
}

function unreadable(file: string, line: number, column: number, message: string): Document {
  const where: Place = { file, line, column };
  const problems: Problem[] = [{ severity: 'error', where, path: '', message }];
  return { value: undefined, place: () => where, keyPlace: () => where, problems };
}

function locate(document: AstDocument.Parsed, file: string, lines: LineCounter): Document {
  const problems: Problem[] = [];
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  const report = (offset: number, message: string): void => {
    problems.push({ severity: 'error', where: placeAt(offset), path: '', message: sanitised(message, 200) });
  };
  for (const { pos, message } of [...document.errors, ...document.warnings].slice(0, maxSyntaxProblems))
    report(pos[0], message);

  const tree = new Tree(document.contents, (node, message) => report(startOf(node), message));
  const value = problems.length > 0 ? undefined : tree.value();
  const start = document.contents?.range?.[0] ?? document.range[0];
  return {
    value,
    place: (path) => placeAt(tree.find(path).value ?? start),
    keyPlace: (path) => placeAt(tree.find(path).key ?? start),
    problems,
  };
}

const startOf = (node: unknown): number => (isNode(node) ? (node.range?.[0] ?? 0) : 0);

const isMergeKey = (key: unknown): boolean => isScalar(key) && key.value === '<<' && key.type === Scalar.PLAIN;

const keyText = (key: unknown): string => (isScalar(key) ? String(key.value) : '');

interface Found {
  readonly value: number | undefined;
  readonly key: number | undefined;
}

/** The syntax tree with its aliases resolved. */
class Tree {
  readonly #root: AstNode | null;
  readonly #report: (node: unknown, message: string) => void;
  readonly #anchors = new Map<string, AstNode>();
  readonly #targets = new Map<AstNode, AstNode>();
  /** What each anchored node became, and how many nodes that is. */
  readonly #built = new Map<AstNode, { readonly value: unknown; readonly size: number }>();
  readonly #open = new Set<AstNode>();
  #size = 0;
  #repeated = 0;

  constructor(root: AstNode | null, report: (node: unknown, message: string) => void) {
    this.#root = root;
    this.#report = report;
  }

  value(): unknown {
    return this.#build(this.#root);
  }

  #build(node: unknown): unknown {
    this.#size++;
    if (isAlias(node)) return this.#buildAlias(node, node.source);
    if (!isNode(node)) return null;
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor === undefined) return this.#buildPlain(node);
    const before = this.#size;
    this.#anchors.set(anchor, node);
    this.#open.add(node);
    const value = this.#buildPlain(node);
    this.#open.delete(node);
    this.#built.set(node, { value, size: this.#size - before + 1 });
    return value;
  }

  #buildAlias(alias: AstNode, name: string): unknown {
    const target = this.#anchors.get(name);
    if (target === undefined) this.#report(alias, `no anchor &${name} stands before *${name}`);
    else if (this.#open.has(target)) this.#report(alias, `*${name} stands inside &${name} itself`);
    else {
      const { value, size } = this.#built.get(target)!;
      this.#size += size;
      this.#targets.set(alias, target);
      if (this.#repeated <= maxRepeatedNodes && this.#repeated + size > maxRepeatedNodes)
        this.#report(alias, `aliases repeat more than ${maxRepeatedNodes} values up to here`);
      this.#repeated += size;
      return this.#repeated > maxRepeatedNodes ? null : value;
    }
    return null;
  }

  #buildPlain(node: AstNode): unknown {
    if (isScalar(node)) return typeof node.value === 'number' && node.source?.includes('.') ? node.source : node.value;
    if (isSeq(node)) return node.items.map((item) => this.#build(item));
    if (isMap(node)) return this.#buildMap(node);
    return null;
  }

  #buildMap(map: YAMLMap): unknown {
    const seen = new Map<string, unknown>();
    const value: Record<string, unknown> = {};
    for (const { key, value: child } of map.items) {
      if (isMergeKey(key)) continue;
      const name = keyText(key);
      if (seen.has(name)) {
        this.#report(key, `the key ${JSON.stringify(name)} appears twice in one mapping`);
        continue;
      }
      seen.set(name, key);
      put(value, name, this.#build(child));
    }
    // What is written in the mapping itself goes before what is merged in, wherever the `<<` stands.
    for (const { key, value: child } of map.items) if (isMergeKey(key)) this.#merge(value, child);
    return value;
  }

  #merge(into: Record<string, unknown>, node: unknown): void {
    const value = this.#build(node);
    for (const part of Array.isArray(value) ? value : [value]) {
      if (!isRecord(part)) {
        this.#report(node, '<< takes a mapping, or a list of mappings');
        return;
      }
      for (const [key, merged] of Object.entries(part)) if (!Object.hasOwn(into, key)) put(into, key, merged);
    }
  }

  find(path: Path): Found {
    let node = this.#resolve(this.#root);
    let found: Found = { value: node?.range?.[0], key: node?.range?.[0] };
    for (const part of path) {
      const step = this.#step(node, part);
      if (step === undefined) return found;
      node = this.#resolve(step.value);
      found = {
        value: node?.range?.[0] ?? startOf(step.key),
        key: step.key === undefined ? node?.range?.[0] : startOf(step.key),
      };
    }
    return found;
  }

  #resolve(node: unknown): AstNode | undefined {
    if (!isNode(node)) return undefined;
    return isAlias(node) ? (this.#targets.get(node) ?? node) : node;
  }

  #step(node: AstNode | undefined, part: string | number): { key?: unknown; value: unknown } | undefined {
    if (isSeq(node)) return typeof part === 'number' && part in node.items ? { value: node.items[part] } : undefined;
    if (!isMap(node)) return undefined;
    for (const pair of node.items) if (!isMergeKey(pair.key) && keyText(pair.key) === String(part)) return pair;
    for (const pair of node.items) {
      if (!isMergeKey(pair.key)) continue;
      const merged = this.#resolve(pair.value);
      for (const source of isSeq(merged) ? merged.items : [merged]) {
        const found = this.#step(this.#resolve(source), part);
        if (found !== undefined) return found;
      }
    }
    return undefined;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function put(record: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__')
    Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true });
  else record[key] = value;
}
