import type {
  AliasNode,
  BinaryOperationNode,
  ColumnNode,
  IdentifierNode,
  OperationNode,
  OperatorNode,
  PrimitiveValueListNode,
  ReferenceNode,
  SchemableIdentifierNode,
  SelectionNode,
  TableNode,
  ValueNode,
} from 'kysely';

/** Where a value stands in a query: the how-manieth of those that shapeOf() tells. */
export class Place {
  readonly index: number;

  constructor(index: number) {
    this.index = index;
  }
}

/** Longer shapes are not worth remembering: they come of long lists, whose length is another each time. */
const longest = 20_000;

// One query is read after the other, and no values are kept in between.
const none: unknown[] = [];
let shape = '';
let values = none;

/**
 * Says everything about a query but its values, which it adds to `found`: queries that say the same compile to the same
 * text. Undefined when there is something in it that cannot be said.
 */
export function shapeOf(query: OperationNode, found: unknown[]): string | undefined {
  shape = '';
  values = found;
  const said = sayNode(query) && shape.length <= longest;
  values = none;
  return said ? shape : undefined;
}

/** The node, when it has nothing but these parts: a type without properties should Kysely give it more. */
type Only<Node, Part extends keyof Node> = Exclude<keyof Node, 'kind' | Part> extends never ? Node : never;

/** What queries consist of mostly is read by name, several times as fast as the rest. */
function sayNode(node: OperationNode): boolean {
  switch (node.kind) {
    case 'IdentifierNode':
      shape += 'I';
      return sayText((node as Only<IdentifierNode, 'name'>).name);
    case 'ColumnNode':
      shape += 'C';
      return sayNode((node as Only<ColumnNode, 'column'>).column);
    case 'ReferenceNode': {
      const { column, table } = node as Only<ReferenceNode, 'column' | 'table'>;
      shape += 'R';
      return sayNode(column) && say(table);
    }
    case 'SelectionNode':
      shape += 'S';
      return sayNode((node as Only<SelectionNode, 'selection'>).selection);
    case 'AliasNode': {
      const { node: named, alias } = node as Only<AliasNode, 'node' | 'alias'>;
      shape += 'A';
      return sayNode(named) && sayNode(alias);
    }
    case 'TableNode':
      shape += 'T';
      return sayNode((node as Only<TableNode, 'table'>).table);
    case 'SchemableIdentifierNode': {
      const { schema, identifier } = node as Only<SchemableIdentifierNode, 'schema' | 'identifier'>;
      shape += 'N';
      return say(schema) && sayNode(identifier);
    }
    case 'BinaryOperationNode': {
      const { leftOperand, operator, rightOperand } = node as Only<
        BinaryOperationNode,
        'leftOperand' | 'operator' | 'rightOperand'
      >;
      shape += 'B';
      return sayNode(leftOperand) && sayNode(operator) && sayNode(rightOperand);
    }
    case 'OperatorNode':
      shape += 'O';
      return sayText((node as Only<OperatorNode, 'operator'>).operator);
    default:
      return sayValues(node) || sayParts(node);
  }
}

function sayValues(node: OperationNode): boolean {
  if (isValue(node)) {
    values.push(node.value);
    shape += '?';
    return true;
  }
  if (!isValues(node)) return false;
  for (const value of node.values) values.push(value);
  shape += `?${node.values.length};`;
  return true;
}

function sayParts(node: OperationNode): boolean {
  const prototype: unknown = Object.getPrototypeOf(node);
  if (prototype !== Object.prototype && prototype !== null) return false;
  shape += '{';
  for (const part in node) {
    shape += part;
    if (!say(node[part as keyof OperationNode])) return false;
  }
  shape += '}';
  return true;
}

function say(part: unknown): boolean {
  switch (typeof part) {
    case 'string':
      return sayText(part);
    case 'object':
      if (Array.isArray(part)) return sayList(part);
      if (part !== null) return sayNode(part as OperationNode);
      shape += '=null;';
      return true;
    case 'undefined':
    case 'boolean':
    case 'number':
      shape += `=${part};`;
      return true;
    default:
      return false;
  }
}

/** With its length, so that no text can pass for something else. */
function sayText(text: string): boolean {
  shape += text.length;
  shape += ':';
  shape += text;
  return true;
}

function sayList(parts: readonly unknown[]): boolean {
  shape += '[';
  for (const part of parts) if (!say(part)) return false;
  shape += ']';
  return true;
}

/** An immediate value is written into the text. */
const isValue = (node: OperationNode): node is ValueNode =>
  node.kind === 'ValueNode' && (node as ValueNode).immediate !== true;
const isValues = (node: OperationNode): node is PrimitiveValueListNode => node.kind === 'PrimitiveValueListNode';

/** The same query with a place where each value was. */
export function withPlaces<Node extends OperationNode>(query: Node): Node {
  let count = 0;

  function copy(part: unknown): unknown {
    if (Array.isArray(part)) return part.map(copy);
    if (typeof part !== 'object' || part === null) return part;
    const node = part as OperationNode;
    if (isValue(node)) return { ...node, value: new Place(count++) };
    if (isValues(node)) return { ...node, values: node.values.map(() => new Place(count++)) };
    return Object.fromEntries(Object.entries(node).map(([key, each]) => [key, copy(each)]));
  }

  return copy(query) as Node;
}
