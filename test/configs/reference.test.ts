/** The schemas, the reference and the examples say the same. */
import { readdirSync, readFileSync } from 'node:fs'
import { Check } from 'typebox/value'
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { parse } from 'yaml'
import { loadConfig } from '../../configs/load-config.ts'
import { controlConfigSchema, loadControlConfig } from '../../control/config.ts'
import { loadGatewayConfig } from '../../gateway/config.ts'
import {
  configSchemas,
  jsonSchema,
  settingsTable,
  withTables,
} from '../support/config-reference.ts'

const test = suite('reference')
const at = (path: string) => new URL(`../../configs/${path}`, import.meta.url)
const read = (path: string) => readFileSync(at(path), 'utf8')
const howToWrite =
  'run: node --import tsx test/support/write-config-reference.ts, then npm run format'

test('schemas/*.json are what the configurations’ schemas say', () => {
  for (const name of Object.keys(configSchemas))
    equal(JSON.parse(read(`schemas/${name}.json`)), JSON.parse(jsonSchema(name)), howToWrite)
})

test('README.md lists every setting as it is', () => {
  // Formatters align the columns.
  const plain = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/-+/g, '-')
  const readme = read('README.md')
  is(
    plain(readme).replaceAll('| - ', '|-'),
    plain(withTables(readme)).replaceAll('| - ', '|-'),
    howToWrite,
  )
})

test('every setting has a meaning, and a default or the word for none', () => {
  for (const name of Object.keys(configSchemas))
    for (const row of settingsTable(name).split('\n').slice(2)) {
      const cells = row.split(' | ')
      is(cells.length, 4, row)
      is(
        cells.every((cell) => cell.replaceAll(/[|`]/g, '').trim() !== ''),
        true,
        row,
      )
    }
})

test('a JSON schema accepts sizes with units and without, and refuses others', () => {
  const schema = JSON.parse(jsonSchema('control'))
  const withExtents = (extentBytes: unknown) => Check(schema, { cell: { extentBytes } })
  is(withExtents('64 MiB'), true)
  is(withExtents(67_108_864), true)
  is(withExtents('64 MB'), false)
  is(withExtents(1), false)
})

test('every example is a good configuration, to the schemas for editors too', () => {
  const examples = readdirSync(at('examples'), { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.yaml'),
  )
  is(examples.length >= 4, true)
  for (const example of examples) {
    const path = at(`examples/${example}`).pathname
    const name = example.includes('control') ? 'control' : 'gateway'
    if (name === 'control') loadControlConfig({ path })
    else loadGatewayConfig(path)
    is(Check(JSON.parse(jsonSchema(name)), parse(readFileSync(path, 'utf8'))), true, example)
  }
})

test('control needs no file at all', () => {
  is(loadConfig(controlConfigSchema, {}).api.address, '127.0.0.1')
})

test.run()
