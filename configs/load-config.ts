/**
 * Reads a YAML configuration file, fills in defaults and checks it against a TypeBox schema.
 *
 * What is wrong is said in sentences: which file, which field, what was expected, what was found.
 */
import { readFileSync } from 'node:fs'
import type { Static, TObject } from 'typebox'
import { Clone, Default, Errors } from 'typebox/value'
import { parse } from 'yaml'
import { readBytes } from './bytes.ts'
import { describeSchema, type SchemaNode, schemaAt } from './describe-schema.ts'

/** Its message holds one line per mistake. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export interface ConfigSource {
  /** A YAML file; without one all settings are defaults and overrides. */
  readonly path?: string
  /** Win over the file, setting by setting: what the command line says. */
  readonly overrides?: Readonly<Record<string, unknown>>
}

export function loadConfig<T extends TObject>(schema: T, source: ConfigSource): Static<T> {
  const written = source.path === undefined ? {} : readYaml(source.path)
  const merged = source.overrides ? merge(written, source.overrides) : written
  // Defaults are filled in before sizes are read, so that they too may be written as "64 MiB".
  const config = readSizes(schema, Default(schema, Clone(merged)))
  const mistakes = describeMistakes(schema, config)
  if (mistakes.length > 0) {
    const file = source.path ?? 'settings'
    throw new ConfigError(mistakes.map((mistake) => `${file}: ${mistake}`).join('\n'))
  }
  return config as Static<T>
}

function readYaml(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`${path} cannot be read: ${(error as Error).message}.`)
  }
  try {
    return parse(text) ?? {}
  } catch (error) {
    throw new ConfigError(`${path} is not YAML: ${(error as Error).message}`)
  }
}

function merge(base: unknown, over: Readonly<Record<string, unknown>>): unknown {
  const merged: Record<string, unknown> = isMapping(base) ? { ...base } : {}
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue
    merged[key] = isMapping(value) ? merge(merged[key], value) : value
  }
  return merged
}

/** Turns "64 MiB" into a number wherever the schema says a size in bytes stands. */
function readSizes(schema: SchemaNode | undefined, value: unknown): unknown {
  if (schema?.['x-bytes'] === true) return readBytes(value) ?? value
  if (Array.isArray(value)) return value.map((item) => readSizes(schema?.items, item))
  if (!isMapping(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, readSizes(schema?.properties?.[key], item)]),
  )
}

function describeMistakes(schema: TObject, config: unknown): readonly string[] {
  const sentences = new Set<string>()
  for (const error of Errors(schema, config)) {
    if (error.keyword === 'additionalProperties') {
      for (const key of error.params.additionalProperties) {
        const known = Object.keys(schemaAt(schema, error.instancePath)?.properties ?? {}).join(', ')
        sentences.add(`${nameOf(error.instancePath, key)} is not a setting; known are ${known}.`)
      }
    } else if (error.keyword === 'required') {
      for (const key of error.params.requiredProperties) {
        const expected = describeSchema(schemaAt(schema, `${error.instancePath}/${key}`))
        sentences.add(`${nameOf(error.instancePath, key)} is missing; it has to be ${expected}.`)
      }
    } else if (error.keyword !== 'boolean') {
      const expected = describeSchema(schemaAt(schema, error.instancePath))
      const found = describeValue(valueAt(config, error.instancePath))
      sentences.add(`${nameOf(error.instancePath)} has to be ${expected}; found ${found}.`)
    }
  }
  return [...sentences]
}

/** `/devices/0` and `path` become `devices.0.path`. */
function nameOf(pointer: string, key?: string): string {
  const keys = pointer.split('/').slice(1)
  if (key !== undefined) keys.push(key)
  return keys.join('.') || 'the file'
}

function valueAt(config: unknown, pointer: string): unknown {
  let value = config
  for (const key of pointer.split('/').slice(1)) value = (value as Record<string, unknown>)[key]
  return value
}

function describeValue(value: unknown): string {
  if (value === null) return 'nothing'
  if (Array.isArray(value)) return `a list of ${value.length}`
  if (isMapping(value)) return `settings (${Object.keys(value).join(', ')})`
  return JSON.stringify(value)
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
