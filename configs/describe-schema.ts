/** Says in words what a place in a configuration schema accepts. */
import { formatBytes } from './bytes.ts'

/** The parts of JSON Schema that configuration schemas use. */
export interface SchemaNode {
  readonly type?: string
  readonly const?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly SchemaNode[]
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: SchemaNode
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly default?: unknown
  readonly description?: string
  readonly 'x-bytes'?: boolean
  /** What `pattern` says, in words. */
  readonly 'x-form'?: string
}

/** The schema of the value that `pointer` (RFC 6901) leads to. */
export function schemaAt(schema: unknown, pointer: string): SchemaNode | undefined {
  let node = schema as SchemaNode | undefined
  for (const key of pointer.split('/').slice(1)) node = node?.properties?.[key] ?? node?.items
  return node
}

export function describeSchema(node: SchemaNode | undefined): string {
  if (!node) return 'something else'
  const choices = node.enum ?? node.anyOf?.map((choice) => choice.const)
  if (choices) return `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`
  switch (node.type) {
    case 'integer':
      return describeInteger(node)
    case 'number':
      return `a number${describeRange(node, String)}`
    case 'boolean':
      return 'true or false'
    case 'array':
      return `a list${describeCount(node.minItems, node.maxItems, 'entries')}`
    case 'object':
      return `settings (${Object.keys(node.properties ?? {}).join(', ')})`
    default:
      return describeText(node)
  }
}

function describeInteger(node: SchemaNode): string {
  if (node['x-bytes'] !== true) return `a whole number${describeRange(node, String)}`
  const multiple = node.multipleOf ? `, a multiple of ${node.multipleOf}` : ''
  return `a size such as "64 MiB"${describeRange(node, formatBytes)}${multiple}`
}

function describeText(node: SchemaNode): string {
  if (node.pattern) return `text of the form ${node['x-form'] ?? node.pattern}`
  return `text${describeCount(node.minLength, node.maxLength, 'characters')}`
}

function describeRange({ minimum, maximum }: SchemaNode, format: (value: number) => string) {
  if (minimum !== undefined && maximum !== undefined)
    return ` from ${format(minimum)} to ${format(maximum)}`
  if (minimum !== undefined) return ` of at least ${format(minimum)}`
  return maximum === undefined ? '' : ` of at most ${format(maximum)}`
}

function describeCount(least: number | undefined, most: number | undefined, of: string): string {
  if (least !== undefined && most !== undefined) return ` of ${least} to ${most} ${of}`
  if (least !== undefined) return ` of at least ${least} ${of}`
  return most === undefined ? '' : ` of at most ${most} ${of}`
}
