import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import { equal, is, match, ok } from 'uvu/assert'
import * as nativeRdma from '../../native-rdma/index.js'
import { openMemoryEngine } from './open-engine.ts'

test('the module exports exactly what its types promise', () => {
  equal(Object.keys(nativeRdma).sort(), [
    'COUNTERS',
    'EngineError',
    'inspectDevice',
    'openEngine',
    'prepareDevice',
    'retireDevice',
  ])
})

test('an engine has exactly the verbs that its type promises', async () => {
  const engine = await openMemoryEngine()
  equal(Object.keys(engine).sort(), [
    'attachRamVolume',
    'attachVolume',
    'close',
    'connections',
    'deleteVolume',
    'detachVolume',
    'devices',
    'features',
    'groups',
    'joinCell',
    'listen',
    'peers',
    'readCounters',
    'setDiscovery',
    'setGroups',
    'setPeers',
    'startScrub',
    'stopScrub',
  ])
  await engine.close()
})

test('counters are named once each, in snake_case', () => {
  is(new Set(nativeRdma.COUNTERS).size, nativeRdma.COUNTERS.length)
  for (const name of nativeRdma.COUNTERS) match(name, /^[a-z][a-z0-9_]*$/)
  ok(Object.isFrozen(nativeRdma.COUNTERS))
})

test('the addon shows the loader nothing but what Node calls', () => {
  const addon = fileURLToPath(
    new URL('../../native-rdma/build/Release/ashlar.node', import.meta.url),
  )
  const symbols = execFileSync('nm', ['-D', '--defined-only', addon], { encoding: 'utf8' })
  const names = symbols.match(/\S+$/gm)
  equal(names?.sort(), ['napi_register_module_v1', 'node_api_module_get_api_version_v1'])
})

test.run()
