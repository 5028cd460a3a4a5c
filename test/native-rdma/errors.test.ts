import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { test } from 'uvu'
import { equal, instance, is, match, ok, throws, unreachable } from 'uvu/assert'
import { EngineError, openEngine } from '../../native-rdma/index.js'
import {
  cellId,
  engineOptions,
  hostNqn,
  openMemoryEngine,
  ramVolume,
  soleMember,
  volume,
} from './open-engine.ts'

const folder = fileURLToPath(new URL('../../native-rdma', import.meta.url))
const addon = createRequire(import.meta.url)('node-gyp-build')(folder)

async function refusal(action: Promise<unknown>): Promise<EngineError> {
  try {
    await action
  } catch (error) {
    instance(error, EngineError)
    return error as EngineError
  }
  return unreachable('it must be refused') as never
}

test('the error codes of the types are those of the engine, in its order', () => {
  const types = readFileSync(`${folder}/index.d.ts`, 'utf8')
  const union = /type EngineErrorCode =([^\n]*\n(?: {2}\|.*\n)+)/.exec(types)?.[1] ?? ''
  const codes = [...union.matchAll(/'([A-Z_]+)'/g)].map(([, code]) => code)
  equal(codes, addon.ERROR_CODES)
})

test('each option that cannot be is refused by name, before anything is opened', async () => {
  const wrong: [string, object][] = [
    ['devices', { devices: 'x' }],
    ['devices[0].path', { devices: [{ path: '', bytes: 4096n }] }],
    ['devices[0].bytes', { devices: [{ path: '/x', bytes: 4097n }] }],
    ['devices[0].durability', { devices: [{ path: '/x', bytes: 0n, durability: 'some' }] }],
    ['reactors', { reactors: 0 }],
    ['reactors', { reactors: 1.5 }],
    ['cpus', { cpus: [0, 1] }],
    ['cpus[0]', { cpus: [-1] }],
    ['pollUs', { pollUs: 1001 }],
    ['bufferBytes', { bufferBytes: 1024n }],
    ['bufferBytes', { bufferBytes: 8_388_608 }],
    ['extentBytes', { extentBytes: 5n << 20n }],
    ['segmentBytes', { segmentBytes: 1n }],
    ['checkpointLogBytes', { checkpointLogBytes: 1n }],
    ['indexBytesMax', { indexBytesMax: 1n }],
    ['controllerIds', { controllerIds: 7 }],
    ['controllerIds.last', { controllerIds: { first: 9, last: 8 } }],
    ['ioQueues', { ioQueues: 9 }],
    ['firmwareRevision', { firmwareRevision: 'too long by far' }],
    ['onEvent', { onEvent: undefined }],
  ]
  for (const [field, change] of wrong) {
    const error = await refusal(openEngine({ ...engineOptions(), ...change }))
    is(error.code, 'INVALID_ARGUMENT')
    ok(error.message.startsWith(field), `${field}: ${error.message}`)
  }
})

test('each field of a volume that cannot be is refused by name', async () => {
  const engine = await openMemoryEngine()
  const wrong: [string, object][] = [
    ['volumeId', { volumeId: 1 }],
    ['volumeId', { volumeId: -1n }],
    ['uuid', { uuid: new Uint8Array(15) }],
    ['uuid', { uuid: new Uint8Array(16) }],
    ['subsystemNqn', { subsystemNqn: 'volume' }],
    ['subsystemNqn', { subsystemNqn: 'nqn.x' }],
    ['serial', { serial: 'é' }],
    ['model', { model: 'm'.repeat(41) }],
    ['blockCount', { blockCount: 0n }],
    ['allowedHosts[0]', { allowedHosts: ['host'] }],
    ['allowedHosts', { allowedHosts: Array(65).fill(ramVolume(1n).allowedHosts[0]) }],
  ]
  for (const [field, change] of wrong) {
    const error = await refusal(engine.attachRamVolume({ ...ramVolume(1n), ...change }))
    is(error.code, 'INVALID_ARGUMENT')
    ok(error.message.startsWith(field), `${field}: ${error.message}`)
  }
  const extentMap = new Uint8Array(3)
  match((await refusal(engine.attachVolume({ ...volume(1n, 1), extentMap }))).message, /^extentMap/)
  await engine.close()
})

test('endpoints, discovery entries and counters are checked too', async () => {
  const engine = await openMemoryEngine()
  const endpoint = { transport: 'tcp', service: 'io', address: '127.0.0.1', port: 0 } as const
  for (const change of [{ transport: 'x' }, { service: 'x' }, { address: '' }, { port: 65_536 }]) {
    const error = await refusal(engine.listen({ ...endpoint, ...change } as typeof endpoint))
    ok(error.message.startsWith(Object.keys(change)[0] ?? ''), error.message)
  }
  const entry = { hostNqn, subsystemNqn: 'nqn.2024-01.x:y', address: '10.0.0.1', port: 4420 }
  await engine.setDiscovery([entry])
  match(
    (await refusal(engine.setDiscovery([{ ...entry, port: 0 }]))).message,
    /^entries\[0\]\.port/,
  )
  throws(() => engine.readCounters(new BigUint64Array(1)), /BigUint64Array/)
  await engine.close()
})

test('what is wrong with a cell, its nodes or groups is named, and changes nothing', async () => {
  const engine = await openMemoryEngine()
  const identity = { cellId, nodeId: 1, incarnation: 5n }
  is((await refusal(engine.setGroups([soleMember(1, 1)]))).code, 'INVALID_ARGUMENT')
  for (const change of [
    { cellId: new Uint8Array(15) },
    { cellId: new Uint8Array(16) },
    { nodeId: 0 },
    { incarnation: 0n },
  ]) {
    const error = await refusal(engine.joinCell({ ...identity, ...change }))
    ok(error.message.startsWith(Object.keys(change)[0] ?? ''), error.message)
  }
  await engine.joinCell(identity)
  await engine.joinCell(identity)
  is((await refusal(engine.joinCell({ ...identity, nodeId: 2 }))).code, 'ALREADY_EXISTS')

  const peer = { nodeId: 2, address: '127.0.0.1', port: 7482 }
  const wrongPeers: [string, object][] = [
    ['nodeId', { nodeId: 1 }],
    ['address', { address: 'a host' }],
    ['port', { port: 0 }],
  ]
  for (const [field, change] of wrongPeers) {
    const error = await refusal(engine.setPeers([{ ...peer, ...change }]))
    ok(error.message.startsWith(`peers[0].${field}`), error.message)
  }
  const twice = await refusal(engine.setPeers([peer, peer]))
  match(twice.message, /^peers\[1\]\.nodeId/)

  const member = { nodeId: 1, role: 'in-sync' } as const
  const wrongGroups: [string, object][] = [
    ['pg', { pg: -1 }],
    ['epoch', { epoch: 0 }],
    ['primary', { primary: 2 }],
    ['minInSync', { minInSync: 9 }],
    ['members', { members: [] }],
    ['members', { members: Array(9).fill(member) }],
    ['members[1].nodeId', { members: [member, member] }],
    ['members[0].role', { members: [{ nodeId: 1, role: 'leader' }] }],
    ['primary', { members: [{ nodeId: 1, role: 'joining' }] }],
  ]
  for (const [field, change] of wrongGroups) {
    const groups = [soleMember(1, 1), { ...soleMember(2, 1), ...change }]
    const error = await refusal(engine.setGroups(groups))
    is(error.code, 'INVALID_ARGUMENT')
    ok(error.message.startsWith(`groups[1].${field}`), `${field}: ${error.message}`)
  }
  equal(engine.groups(), [])
  equal(engine.peers(), [])
  await engine.close()
})

test('the addon refuses by itself what index.js would have', async () => {
  const engine = new addon.NativeEngine()
  throws(() => engine.open({ devices: 7 }), /devices must be an array/)
  throws(() => engine.open(undefined), /devices must be the property of an object/)
  throws(() => engine.open({ devices: [undefined] }), /devices\[0\].path must be/)
  throws(() => engine.listen.call({}, {}), /Illegal invocation/)
  throws(() => engine.devices(), /closed/)
  throws(() => addon.NativeEngine(), /new/)
  is((await refusal(engine.close())).code, 'CLOSED')
})

test('a device that cannot be made says which and why, with the errno', async () => {
  const devices = [{ path: '/proc/ashlar-no-such-file', bytes: 64n << 20n }]
  const error = await refusal(openEngine(engineOptions({ devices })))
  is(error.code, 'NOT_FOUND')
  match(error.message, /\/proc\/ashlar-no-such-file/)
})

test.run()
