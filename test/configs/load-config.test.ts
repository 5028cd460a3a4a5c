/** Configuration files, and the sentences about their mistakes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Type from 'typebox'
import { suite } from 'uvu'
import { equal, instance, is, unreachable } from 'uvu/assert'
import { Bytes } from '../../configs/bytes.ts'
import { ConfigError, loadConfig } from '../../configs/load-config.ts'

const strict = { additionalProperties: false }
const schema = Type.Object(
  {
    name: Type.String({ minLength: 1 }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, default: 4420 }),
    log: Type.Object(
      {
        level: Type.Union([Type.Literal('info'), Type.Literal('debug')], { default: 'info' }),
        pretty: Type.Boolean({ default: false }),
      },
      { ...strict, default: {} },
    ),
    devices: Type.Array(
      Type.Object(
        {
          path: Type.String(),
          bytes: Bytes({ minimum: 2 ** 20, default: '1 GiB' }),
        },
        strict,
      ),
      { minItems: 1 },
    ),
  },
  strict,
)

const test = suite('load-config')
let folder = ''
test.before(() => {
  folder = mkdtempSync(join(tmpdir(), 'ashlar-'))
})
test.after(() => rmSync(folder, { recursive: true }))

function write(text: string): string {
  const path = join(folder, 'config.yaml')
  writeFileSync(path, text)
  return path
}

function mistakesOf(text: string): string[] {
  const path = write(text)
  try {
    loadConfig(schema, { path })
  } catch (error) {
    instance(error, ConfigError)
    return (error as Error).message.split('\n').map((line) => line.replace(`${path}: `, ''))
  }
  return unreachable('the file was accepted') as never
}

const good = 'name: a\ndevices: [{ path: x }]\n'

test('fills in defaults, also inside lists and missing mappings', () => {
  equal(loadConfig(schema, { path: write(good) }), {
    name: 'a',
    port: 4420,
    log: { level: 'info', pretty: false },
    devices: [{ path: 'x', bytes: 2 ** 30 }],
  })
})

test('reads sizes as numbers and with units', () => {
  const { devices } = loadConfig(schema, {
    path: write('name: a\ndevices: [{ path: x, bytes: 64 MiB }, { path: y, bytes: 2097152 }]'),
  })
  equal(
    devices.map(({ bytes }) => bytes),
    [64 * 2 ** 20, 2_097_152],
  )
})

test('lets overrides win setting by setting', () => {
  const overrides = { port: 5, log: { pretty: true }, name: undefined }
  const config = loadConfig(schema, { path: write(`${good}log: { level: debug }`), overrides })
  is(config.name, 'a')
  is(config.port, 5)
  equal(config.log, { level: 'debug', pretty: true })
})

test('works without a file', () => {
  is(loadConfig(schema, { overrides: { name: 'b', devices: [{ path: 'x' }] } }).name, 'b')
})

test('says which file, field, expectation and value', () => {
  const path = write(`${good}port: 70000`)
  try {
    loadConfig(schema, { path })
    unreachable('the file was accepted')
  } catch (error) {
    is(
      (error as Error).message,
      `${path}: port has to be a whole number from 1 to 65535; found 70000.`,
    )
  }
})

test('names the place inside lists and mappings', () => {
  equal(mistakesOf('name: a\ndevices: [{ path: x }, { path: 5 }]'), [
    'devices.1.path has to be text; found 5.',
  ])
  equal(mistakesOf(`${good}log: { level: loud }`), [
    'log.level has to be one of "info", "debug"; found "loud".',
  ])
})

test('says what is missing', () => {
  equal(mistakesOf('devices: [{ path: x }]'), [
    'name is missing; it has to be text of at least 1 characters.',
  ])
})

test('refuses a setting it does not know and lists those it knows', () => {
  equal(mistakesOf(`${good}prot: 5`), [
    'prot is not a setting; known are name, port, log, devices.',
  ])
  equal(mistakesOf(`${good}log: { colour: true }`), [
    'log.colour is not a setting; known are level, pretty.',
  ])
})

test('refuses sizes that are none', () => {
  equal(mistakesOf('name: a\ndevices: [{ path: x, bytes: 64 MB }]'), [
    'devices.0.bytes has to be a size such as "64 MiB" of at least 1 MiB; found "64 MB".',
  ])
  equal(mistakesOf('name: a\ndevices: [{ path: x, bytes: 4 KiB }]'), [
    'devices.0.bytes has to be a size such as "64 MiB" of at least 1 MiB; found 4096.',
  ])
})

test('refuses an empty setting, a list and a scalar in the place of settings', () => {
  equal(mistakesOf(`${good}log:`), ['log has to be settings (level, pretty); found nothing.'])
  equal(mistakesOf('- a'), [
    'the file has to be settings (name, port, log, devices); found a list of 1.',
  ])
  equal(mistakesOf('a'), ['the file has to be settings (name, port, log, devices); found "a".'])
})

test('reports every mistake, each on a line', () => {
  is(mistakesOf('port: a\ndevices: []').length, 3)
})

test('says that a file is missing or not YAML', () => {
  try {
    loadConfig(schema, { path: join(folder, 'none.yaml') })
    unreachable('a missing file was accepted')
  } catch (error) {
    is((error as Error).message.includes('none.yaml cannot be read'), true)
  }
  is(mistakesOf('name: [').join('\n').includes('is not YAML'), true)
  is(mistakesOf('name: a\nname: b').join('\n').includes('is not YAML'), true)
})

test.run()
