/**
 * What is derived from the configurations' schemas: JSON schemas for editors, and the tables of
 * configs/README.md.
 *
 * `node --import tsx test/support/write-config-reference.ts` writes both; a test checks them.
 */

import { bytesPattern } from '../../configs/bytes.ts'
import { describeSchema, type SchemaNode } from '../../configs/describe-schema.ts'
import { controlConfigSchema } from '../../control/config.ts'
import { gatewayConfigSchema } from '../../gateway/config.ts'

export const configSchemas: Readonly<Record<string, SchemaNode>> = {
  control: controlConfigSchema as SchemaNode,
  gateway: gatewayConfigSchema as SchemaNode,
}

/** As JSON Schema that accepts what loadConfig does: defaults may be left out, sizes have units. */
export function jsonSchema(name: string): string {
  const schema = { $schema: 'https://json-schema.org/draft/2020-12/schema', ...configSchemas[name] }
  return `${JSON.stringify(forEditors(schema as SchemaNode), null, 2)}\n`
}

function forEditors(node: SchemaNode & { readonly required?: readonly string[] }): unknown {
  if (node['x-bytes']) {
    const { type: _, 'x-bytes': __, minimum, maximum, multipleOf, ...rest } = node
    const number = { type: 'integer', minimum, maximum, multipleOf }
    return { ...rest, anyOf: [number, { type: 'string', pattern: bytesPattern }] }
  }
  const { properties, items, required } = node
  if (items) return { ...node, items: forEditors(items) }
  if (!properties) return node
  const needed = required?.filter((key) => properties[key]?.default === undefined)
  const entries = Object.entries(properties).map(([key, value]) => [key, forEditors(value)])
  return { ...node, required: needed, properties: Object.fromEntries(entries) }
}

/** One row a setting: name, meaning, what it accepts, default. */
export function settingsTable(name: string): string {
  const rows = settingsOf(configSchemas[name] as SchemaNode, '')
  return ['| setting | meaning | accepts | default |', '|---|---|---|---|', ...rows].join('\n')
}

function settingsOf(node: SchemaNode, path: string, isNeeded = true): string[] {
  if (node.properties) {
    const required = (node as { required?: readonly string[] }).required ?? []
    return Object.entries(node.properties).flatMap(([key, value]) =>
      settingsOf(value, path ? `${path}.${key}` : key, required.includes(key)),
    )
  }
  const cells = [
    `\`${path}\``,
    node.description ?? '',
    describeSchema(node).replaceAll('|', '\\|'),
    node.default === undefined ? (isNeeded ? 'needed' : 'none') : describeDefault(node.default),
  ]
  const row = `| ${cells.join(' | ')} |`
  return node.items?.properties ? [row, ...settingsOf(node.items, `${path}[]`)] : [row]
}

function describeDefault(value: unknown): string {
  if (value === '') return 'empty'
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``
}

/** README.md with its tables as they have to be. */
export function withTables(readme: string): string {
  return Object.keys(configSchemas).reduce((text, name) => {
    const [begin, end] = [`<!-- ${name} settings -->`, `<!-- end of ${name} settings -->`]
    const [before = '', rest = ''] = text.split(begin)
    const [, after = ''] = rest.split(end)
    return `${before}${begin}\n${settingsTable(name)}\n${end}${after}`
  }, readme)
}
