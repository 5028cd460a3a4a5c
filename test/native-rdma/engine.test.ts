import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'uvu'
import { equal, is, match, ok } from 'uvu/assert'
import { COUNTERS, type Engine, type EngineEvent, openEngine } from '../../native-rdma/index.js'
import { connectHost, type NvmeHost } from '../support/nvme-host.ts'
import {
  engineOptions,
  extentBlocks,
  hostNqn,
  leadGroups,
  makeFolder,
  openMemoryEngine,
  ramVolume,
  volume,
} from './open-engine.ts'

const anyPort = { transport: 'tcp', service: 'io', address: '127.0.0.1', port: 0 } as const

function connect(port: number, volumeId: bigint): Promise<NvmeHost> {
  const { subsystemNqn } = ramVolume(volumeId)
  return connectHost({ address: '127.0.0.1', port, subsystemNqn, hostNqn })
}

function counter(engine: Engine, name: string): bigint {
  const counters = new BigUint64Array(COUNTERS.length)
  engine.readCounters(counters)
  return counters[COUNTERS.indexOf(name)] ?? -1n
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  return action.then(
    () => 'OK',
    (error) => error.code,
  )
}

async function eventually(holds: () => boolean): Promise<void> {
  for (let tries = 0; !holds() && tries < 1000; tries++) await sleep(10)
  ok(holds())
}

test('bytes that a host wrote are there when the engine is opened again', async () => {
  const folder = makeFolder()
  const devices = ['a', 'b'].map((name) => ({ path: folder.path(name), bytes: 64n << 20n }))
  const data = Buffer.alloc(3 * 4096, 'ashlar')
  const lastOfFirst = Number(extentBlocks) - 1

  const first = await openEngine(engineOptions({ devices, reactors: 2, bufferBytes: 16n << 20n }))
  await leadGroups(first, 4)
  await first.attachVolume(volume(1n, 4))
  const host = await connect(await first.listen(anyPort), 1n)
  await host.write(lastOfFirst, data)
  host.close()
  is(first.devices().length, 2)
  const live = first.devices().reduce((sum, { liveBytes }) => sum + liveBytes, 0n)
  ok(live >= BigInt(data.length), 'what the host wrote, and what groups note of themselves')
  await first.close()

  const events: EngineEvent[] = []
  const onEvent = (event: EngineEvent) => events.push(event)
  const second = await openEngine(engineOptions({ devices, onEvent }))
  is(events.filter(({ kind }) => kind === 'recovery').length, 2)
  await leadGroups(second, 4)
  await second.attachVolume(volume(1n, 4))
  const again = await connect(await second.listen(anyPort), 1n)
  equal(await again.read(lastOfFirst, 3), data)
  again.close()
  await second.close()
  folder.remove()
})

test('a scrub finds a block that rotted and tells of it; a rewrite clears it', async () => {
  const folder = makeFolder()
  const path = folder.path('a')
  const events: EngineEvent[] = []
  const onEvent = (event: EngineEvent) => events.push(event)
  const engine = await openEngine(
    engineOptions({ devices: [{ path, bytes: 64n << 20n }], onEvent }),
  )
  await leadGroups(engine, 4)
  await engine.attachVolume(volume(1n, 4))
  const host = await connect(await engine.listen(anyPort), 1n)
  const block = Number(extentBlocks) + 7
  await host.write(block, Buffer.alloc(4096, 'a block that will rot'))
  const bytes = readFileSync(path)
  const at = bytes.indexOf(Buffer.alloc(4096, 'a block that will rot'))
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.of(bytes.readUInt8(at) ^ 1), 0, 1, at)
  closeSync(file)

  const scrub = () => engine.devices()[0]?.scrub
  await engine.startScrub(path, 0n)
  await eventually(() => scrub()?.passes === 1n)
  is(scrub()?.running, false)
  is(scrub()?.blocksRead, scrub()?.blocksTotal)
  is(scrub()?.blocksDamaged, 1n)
  await eventually(() => events.some(({ kind }) => kind === 'checksum-error'))
  const damage = events.filter(({ kind }) => kind === 'checksum-error')
  equal(damage, [{ kind: 'checksum-error', volumeId: 1n, block: BigInt(block) }])

  await host.write(block, Buffer.alloc(4096, 'written anew'))
  await engine.startScrub(path, 0n)
  await eventually(() => scrub()?.passes === 2n)
  is(scrub()?.blocksDamaged, 0n)
  host.close()
  await engine.close()
  folder.remove()
})

test('a scrub is of a device that there is, at a rate that can be, one at a time', async () => {
  const folder = makeFolder()
  const path = folder.path('a')
  const engine = await openEngine(engineOptions({ devices: [{ path, bytes: 64n << 20n }] }))
  await leadGroups(engine, 1)
  await engine.attachVolume(volume(1n, 1))
  const host = await connect(await engine.listen(anyPort), 1n)
  for (let index = 0; index < 3; index++) await host.write(index * 64, Buffer.alloc(64 * 4096, 1))
  is(await codeOf(engine.startScrub(folder.path('b'), 0n)), 'NOT_FOUND')
  is(await codeOf(engine.startScrub(path, -1n)), 'INVALID_ARGUMENT')
  is(await codeOf(engine.startScrub('', 0n)), 'INVALID_ARGUMENT')
  await engine.startScrub(path, 4096n)
  is(await codeOf(engine.startScrub(path, 4096n)), 'BUSY')
  await engine.stopScrub(path)
  await eventually(() => engine.devices()[0]?.scrub.running === false)
  is(engine.devices()[0]?.scrub.passes, 0n)
  await engine.stopScrub(path)
  host.close()
  await engine.close()
  is(await codeOf(engine.startScrub(path, 0n)), 'CLOSED')
  folder.remove()
})

test('a volume grows under its host; it neither shrinks nor takes an old fence', async () => {
  const folder = makeFolder()
  const devices = [{ path: folder.path('a'), bytes: 64n << 20n }]
  const engine = await openEngine(engineOptions({ devices }))
  await leadGroups(engine, 3)
  await engine.attachVolume(volume(1n, 2, 5n))
  const host = await connect(await engine.listen(anyPort), 1n)
  await engine.attachVolume(volume(1n, 3, 5n))
  is(await host.blockCount(), 3 * Number(extentBlocks))
  await host.write(2 * Number(extentBlocks), Buffer.alloc(4096, 1))
  is(await codeOf(engine.attachVolume(volume(1n, 2, 5n))), 'INVALID_ARGUMENT')
  is(await codeOf(engine.attachVolume(volume(1n, 3, 4n))), 'STALE_FENCE')
  const renamed = { ...volume(1n, 3, 5n), subsystemNqn: 'nqn.2024-01.test:other' }
  is(await codeOf(engine.attachVolume(renamed)), 'ALREADY_EXISTS')
  is(await codeOf(engine.deleteVolume(1n)), 'BUSY')
  await engine.detachVolume(1n)
  is(await codeOf(engine.attachVolume(volume(1n, 3, 4n))), 'STALE_FENCE')
  const before = engine.devices()[0]?.liveBytes ?? 0n
  await engine.deleteVolume(1n)
  await eventually(() => (engine.devices()[0]?.liveBytes ?? before) <= before - 4096n)
  host.close()
  await engine.close()
  folder.remove()
})

test('calls for one volume run in turn, whatever they are', async () => {
  const engine = await openMemoryEngine()
  await Promise.all([
    engine.attachRamVolume(ramVolume(1n)),
    engine.detachVolume(1n),
    engine.attachRamVolume(ramVolume(1n)),
    engine.attachRamVolume(ramVolume(1n)),
    engine.detachVolume(1n),
    engine.deleteVolume(1n),
    engine.attachRamVolume(ramVolume(2n)),
  ])
  is(counter(engine, 'volumes_attached_now'), 1n)
  await engine.close()
})

test('hosts are listed, counted and told of; a listener that throws loses nothing', async () => {
  const events: EngineEvent[] = []
  const uncaught: unknown[] = []
  const onUncaught = (error: unknown) => uncaught.push(error)
  process.on('uncaughtException', onUncaught)
  const engine = await openMemoryEngine((event) => {
    events.push(event)
    throw new Error('a listener at fault')
  })
  await engine.attachRamVolume(ramVolume(1n))
  const host = await connect(await engine.listen(anyPort), 1n)
  await host.write(0, Buffer.alloc(8192, 7))
  const [connection] = engine.connections()
  is(connection?.hostNqn, hostNqn)
  is(counter(engine, 'host_write_bytes'), 8192n)
  await engine.detachVolume(1n)
  await eventually(() => events.length === 2 && uncaught.length === 2)
  process.off('uncaughtException', onUncaught)
  equal(
    events.map(({ kind }) => kind),
    ['host-connected', 'host-disconnected'],
  )
  host.close()
  await engine.close()
})

test('a port in use is named, and the engine serves on another', async () => {
  const engine = await openMemoryEngine()
  const port = await engine.listen(anyPort)
  is(await codeOf(engine.listen({ ...anyPort, port })), 'ADDRESS_IN_USE')
  ok((await engine.listen({ ...anyPort, service: 'discovery' })) > 0)
  await engine.close()
})

test('a file is made once and opened once; a failed opening leaves no file', async () => {
  const folder = makeFolder()
  const devices = [{ path: folder.path('a'), bytes: 64n << 20n }]
  const engine = await openEngine(engineOptions({ devices }))
  is(await codeOf(openEngine(engineOptions({ devices }))), 'BUSY')
  await engine.close()
  const tooSmall = [{ path: folder.path('b'), bytes: 4096n }]
  is(await codeOf(openEngine(engineOptions({ devices: tooSmall }))), 'INVALID_ARGUMENT')
  ok(!existsSync(folder.path('b')))
  ok(existsSync(folder.path('a')))
  folder.remove()
})

test('closing is idempotent, and later calls are refused as closed', async () => {
  const engine = await openMemoryEngine()
  match(engine.features().join('\n'), /io_uring/)
  await Promise.all([engine.close(), engine.close()])
  await engine.close()
  is(await codeOf(engine.attachRamVolume(ramVolume(1n))), 'CLOSED')
  is(await codeOf(engine.listen(anyPort)), 'CLOSED')
  for (const call of [engine.devices, engine.connections, engine.features]) {
    is(await codeOf((async () => call())()), 'CLOSED')
  }
})

test.run()
