import { dimensions, type Dimension, type Match } from './match.js';

/**
 * What rules are looked up for: in each dimension the value itself and then what encloses it, nearest first; nothing
 * where it is unknown, and then only rules that do not name the dimension match.
 */
export type Place = Readonly<Record<Dimension, readonly string[]>>;

interface Node<Rule> {
  /** By the value that a rule names. */
  named: Map<string, Node<Rule>> | undefined;
  /** For rules that do not name this dimension. */
  other: Node<Rule> | undefined;
  /** Below the last dimension. */
  rules: Rule[];
}

/** More combinations than this of the values of one rule's lists are refused. */
export const mostCombinations = 10_000;

/**
 * Rules by what they match: a trie with one level for each dimension, the most telling first, so that the first leaf
 * that a depth-first walk reaches is the most specific rule. A look-up takes no longer however many rules there are.
 */
export class RuleIndex<Rule> {
  private readonly root: Node<Rule> = emptyNode();

  add(match: Match, rule: Rule): void {
    let nodes = [this.root];
    for (const dimension of dimensions) {
      const values: readonly string[] | undefined = match[dimension];
      nodes = nodes.flatMap((node) =>
        values === undefined ? [otherOf(node)] : values.map((value) => namedOf(node, value)),
      );
    }
    for (const node of nodes) if (!node.rules.includes(rule)) node.rules.push(rule);
  }

  /** The most specific rule; rules that tie are refused before anything is looked up. */
  first(place: Place): Rule | undefined {
    return firstBelow(this.root, place, 0);
  }

  /** Every rule that matches, the most specific first. */
  all(place: Place): readonly Rule[] {
    const found = new Set<Rule>();
    collectBelow(this.root, place, 0, found);
    return [...found];
  }

  /** Groups of rules of which no one is more specific than the others for some place. */
  ties(): readonly (readonly Rule[])[] {
    const found: Rule[][] = [];
    const open = [this.root];
    for (let node = open.pop(); node !== undefined; node = open.pop()) {
      if (node.rules.length > 1) found.push(node.rules);
      if (node.other !== undefined) open.push(node.other);
      if (node.named !== undefined) open.push(...node.named.values());
    }
    return found;
  }
}

function emptyNode<Rule>(): Node<Rule> {
  return { named: undefined, other: undefined, rules: [] };
}

function otherOf<Rule>(node: Node<Rule>): Node<Rule> {
  node.other ??= emptyNode();
  return node.other;
}

function namedOf<Rule>(node: Node<Rule>, value: string): Node<Rule> {
  node.named ??= new Map<string, Node<Rule>>();
  const known = node.named.get(value);
  if (known !== undefined) return known;
  const made = emptyNode<Rule>();
  node.named.set(value, made);
  return made;
}

function firstBelow<Rule>(node: Node<Rule>, place: Place, level: number): Rule | undefined {
  const dimension = dimensions[level];
  if (dimension === undefined) return node.rules[0];
  if (node.named !== undefined) {
    for (const value of place[dimension]) {
      const below = node.named.get(value);
      const found = below === undefined ? undefined : firstBelow(below, place, level + 1);
      if (found !== undefined) return found;
    }
  }
  return node.other === undefined ? undefined : firstBelow(node.other, place, level + 1);
}

function collectBelow<Rule>(node: Node<Rule>, place: Place, level: number, found: Set<Rule>): void {
  const dimension = dimensions[level];
  if (dimension === undefined) {
    for (const rule of node.rules) found.add(rule);
    return;
  }
  for (const value of place[dimension]) {
    const below = node.named?.get(value);
    if (below !== undefined) collectBelow(below, place, level + 1, found);
  }
  if (node.other !== undefined) collectBelow(node.other, place, level + 1, found);
}
