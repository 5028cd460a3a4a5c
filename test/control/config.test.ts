/** The control process's configuration. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { loadControlConfig } from '../../control/config.ts'
import { temporaryFolder } from './support/rig.ts'

const path = join(temporaryFolder(), 'control.yaml')

function load(text: string) {
  writeFileSync(path, text)
  return loadControlConfig({ path })
}

function mistake(text: string): string {
  try {
    load(text)
  } catch (error) {
    return (error as Error).message
  }
  return ''
}

test('an empty file is a configuration', () => {
  const config = load('')
  assert.equal(config.api, { address: '127.0.0.1', port: 7480 })
  assert.equal(config.sessions, { address: '127.0.0.1', port: 7481 })
  assert.is(config.cell.extentBytes, 2 ** 30)
  assert.is(config.cell.overcommit, 1)
  assert.is(config.log.level, 'info')
})

test('settings are taken from the file, sizes with their units', () => {
  const config = load('cell: { extentBytes: 64 MiB, overcommit: 2.5 }\napi: { port: 0 }')
  assert.is(config.cell.extentBytes, 64 * 2 ** 20)
  assert.is(config.cell.overcommit, 2.5)
  assert.is(config.cell.placementGroupsPerNode, 64)
  assert.equal(config.api, { address: '127.0.0.1', port: 0 })
})

test('a mistake is said with its file and its field', () => {
  for (const [text, says] of [
    ['api: { port: 70000 }', 'api.port has to be'],
    ['cell: { colour: red }', 'cell.colour is not a setting'],
    ['log: { level: loud }', 'log.level has to be'],
    ['cell: { nqnPrefix: example }', 'cell.nqnPrefix has to be'],
    ['cell: { extentBytes: 5 MiB }', 'cell.extentBytes has to be a power of two'],
    ['cell: { placementGroupsPerNode: 4 }', 'cell.volumeWidth has to be at most'],
    ['health: { heartbeatMs: 3000 }', 'health.silentMs has to be at least twice'],
    ['health: { goneMs: 1000 }', 'health.goneMs has to be at least health.silentMs'],
    [
      'metadata: { etcd: { endpoints: [localhost] } }',
      'metadata.etcd.endpoints.0 has to be text of the form http://host:port',
    ],
    [
      'metadata: { etcd: { endpoints: ["https://a:1"] } }',
      'metadata.etcd.tls has to be set: an endpoint begins with https',
    ],
    [
      'metadata: { etcd: { endpoints: ["http://a:1"], tls: { authorityFile: a } } }',
      'metadata.etcd.endpoints have to begin with https',
    ],
    [
      'metadata: { etcd: { endpoints: ["https://a:1"], tls: { authorityFile: a, keyFile: k } } }',
      'metadata.etcd.tls needs certificateFile and keyFile, or neither',
    ],
    [
      'metadata: { etcd: { endpoints: ["http://a:1"], auth: { user: u } } }',
      'metadata.etcd.auth.passwordFile is missing',
    ],
    [
      'metadata: { etcd: { endpoints: ["http://a:1"] } }\napi: { address: 0.0.0.0 }',
      'api.advertisedAddress has to be set',
    ],
    ['api: [', 'is not YAML'],
  ] as const) {
    assert.match(mistake(text), says)
    assert.match(mistake(text), path)
  }
})

test.run()
