/** The daemon as a whole, against a fake engine and a control over real gRPC. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { suite } from 'uvu'
import { equal, instance, is, match } from 'uvu/assert'
import type { Observed } from '../../control/contract/messages.ts'
import type { GatewayConfig } from '../../gateway/config.ts'
import { runDaemon } from '../../gateway/daemon.ts'
import { GatewayFailure } from '../../gateway/failure.ts'
import { freePort } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { type FakeControl, sampleWelcome, startFakeControl } from './fake-control.ts'
import { createFakeEngine, engineError, type FakeEngine } from './fake-engine.ts'
import {
  makeFolder,
  quiet,
  sampleConfig,
  sampleDesired,
  sampleGroup,
  samplePeer,
  sampleVolume,
} from './samples.ts'

const test = suite('daemon')
const cleanUp: (() => unknown)[] = []
test.after.each(async () => {
  for (const undo of cleanUp.splice(0).reverse()) await undo()
})

interface Running {
  readonly engine: FakeEngine
  readonly ended: Promise<unknown>
  isReady(): boolean
  stop(): Promise<unknown>
}

/** A gateway's place: its folder, ports and device, in which it may be started again and again. */
async function place(control: FakeControl | undefined): Promise<GatewayConfig> {
  const folder = makeFolder()
  const path = join(folder, 'disk')
  writeFileSync(path, '')
  return sampleConfig({
    stateFolder: folder,
    control: { addresses: [control?.address ?? '127.0.0.1:1'] },
    hosts: { ioPort: await freePort(), discoveryPort: await freePort() },
    peer: { port: 0 },
    engine: { devices: [{ path }] },
  })
}

/** What the engine is told until hosts are served. */
const served = ['open', 'join', 'listen peer', 'attach 5', 'listen io', 'listen discovery']

function start(config: GatewayConfig, engine = createFakeEngine()): Running {
  const stop = new AbortController()
  let isReady = false
  const ended = runDaemon(config, {
    open: engine.open,
    counterNames: [],
    log: quiet,
    stop: stop.signal,
    ready: () => {
      isReady = true
    },
    backOff: { firstMs: 5, maxMs: 20 },
  }).catch((error: unknown) => error)
  const running: Running = {
    engine,
    ended,
    isReady: () => isReady,
    stop() {
      stop.abort()
      return ended
    },
  }
  cleanUp.push(running.stop)
  return running
}

async function control(...args: Parameters<typeof startFakeControl>): Promise<FakeControl> {
  const started = await startFakeControl(...args)
  cleanUp.push(started.close)
  return started
}

const withVolume = (revision: number, number = 5) =>
  sampleDesired(revision, { volumes: [sampleVolume(number)] })
const lastObserved = (server: FakeControl): Observed | undefined =>
  server.heard.findLast(({ observed }) => observed)?.observed ?? undefined

/** A control that wants volume 5 of every gateway that comes. */
const wanting = (revision = 1) =>
  control(() => [{ welcome: sampleWelcome }, { desired: withVolume(revision) }])

test('waits for control at its first start, and then serves what it wants', async () => {
  const server = await control()
  const config = await place(server)
  const { engine, isReady } = start(config)
  await until(() => server.heard.length > 0, 'hello')
  const hello = server.heard[0]?.hello
  equal(hello?.storeIds, [])
  equal(hello?.io, { address: '127.0.0.1', port: config.hosts.ioPort })
  is(hello?.peer?.address, '127.0.0.1')
  is((hello?.peer?.port ?? 0) > 0, true)
  await until(() => engine.calls.includes('open'), 'the engine opened')
  equal(engine.options?.controllerIds, { first: 1, last: 1000 })
  is(isReady(), false)
  server.say({ desired: withVolume(3) })
  await until(isReady, 'ready')
  equal(engine.calls, served)
  await until(() => lastObserved(server)?.volumes[0]?.state === 'ATTACHED', 'observed')
  is(lastObserved(server)?.revision, 3)
})

test('tells control which stores it formatted', async () => {
  const server = await wanting()
  start(await place(server))
  await until(
    () => server.heard.some(({ heartbeat }) => heartbeat?.devices[0]?.storeId === 'store-a'),
    'the store in a heartbeat',
  )
})

test('serves hosts only after it has tried to attach their volumes', async () => {
  const server = await wanting()
  const engine = createFakeEngine()
  const finish = engine.hold('attach 5')
  const { isReady } = start(await place(server), engine)
  await until(() => engine.calls.includes('attach 5'), 'attaching')
  await new Promise((resolve) => setTimeout(resolve, 20))
  is(engine.calls.includes('listen io'), false)
  is(lastObserved(server), undefined)
  finish()
  await until(isReady, 'ready')
})

test('serves again what it was told last, with control away', async () => {
  const server = await wanting()
  const config = await place(server)
  const first = start(config)
  await until(first.isReady, 'ready')
  await first.stop()
  server.close()
  const second = start(config)
  await until(second.isReady, 'ready without control')
  equal(second.engine.calls, served)
  equal(second.engine.options?.controllerIds, { first: 1, last: 1000 })
})

test('takes what control wants when it is back, and says its stores at once', async () => {
  const first = await wanting(5)
  const config = await place(first)
  const before = start(config)
  await until(before.isReady, 'ready')
  await before.stop()
  first.close()
  const after = start(config)
  await until(after.isReady, 'ready without control')
  const port = Number(first.address.split(':')[1])
  const back = await control(
    () => [{ welcome: sampleWelcome }, { desired: sampleDesired(6) }],
    port,
  )
  await until(() => after.engine.calls.includes('detach 5'), 'detached')
  equal(back.heard[0]?.hello?.storeIds, ['store-a'])
  await until(() => lastObserved(back)?.revision === 6, 'observed')
})

test('has a new incarnation at each start', async () => {
  const server = await wanting()
  const config = await place(server)
  for (let count = 0; count < 2; count += 1) {
    const { stop } = start(config)
    await until(() => server.opened() > count, 'a session')
    await until(() => lastObserved(server) !== undefined, 'observed')
    await stop()
  }
  const incarnations = server.heard.flatMap(({ hello }) => hello?.incarnation ?? [])
  is(new Set(incarnations).size, 2)
})

test('keeps serving when control goes away, and reports to it when it is back', async () => {
  const server = await wanting()
  const { engine, isReady } = start(await place(server))
  await until(isReady, 'ready')
  server.close()
  const again = await control(
    () => [{ welcome: sampleWelcome }, { desired: withVolume(2) }],
    Number(server.address.split(':')[1]),
  )
  // What is said into a stream that is just breaking is lost.
  await until(() => {
    engine.emit({ kind: 'device-failed', device: '/dev/a', errno: 5 })
    return again.heard.some(({ event }) => event?.kind === 'device-failed')
  }, 'the event')
  await until(() => lastObserved(again)?.revision === 2, 'observed')
  equal(engine.calls, served)
})

test('stays with the cell that took it in, also before it has been restarted', async () => {
  const server = await wanting()
  const { engine, isReady } = start(await place(server))
  await until(isReady, 'ready')
  equal(server.heard[0]?.hello?.cellId, '')
  server.close()
  const other = await control(
    () => [{ welcome: { ...sampleWelcome, cellId: 'cell-2' } }, { desired: sampleDesired(9) }],
    Number(server.address.split(':')[1]),
  )
  await until(() => other.opened() >= 2, 'refused twice')
  equal(other.heard[0]?.hello?.cellId, sampleWelcome.cellId)
  equal(engine.calls, served)
})

test('refuses control of another cell, and goes on serving', async () => {
  const server = await wanting()
  const config = await place(server)
  const first = start(config)
  await until(first.isReady, 'ready')
  await first.stop()
  server.close()
  const other = await control(
    () => [{ welcome: { ...sampleWelcome, cellId: 'cell-2' } }, { desired: sampleDesired(9) }],
    Number(server.address.split(':')[1]),
  )
  const second = start(config)
  await until(second.isReady, 'ready')
  await until(() => other.opened() >= 2, 'refused twice')
  is(second.engine.volumes.size, 1)
})

test('does without a saved state that is damaged: control says it again', async () => {
  const server = await wanting()
  const config = await place(server)
  const first = start(config)
  await until(first.isReady, 'ready')
  await first.stop()
  writeFileSync(join(config.stateFolder, 'desired.json'), 'x')
  const second = start(config)
  await until(second.isReady, 'ready')
  is(second.engine.volumes.size, 1)
})

test('joins its cell under its number, with an incarnation of this run', async () => {
  const server = await wanting()
  const config = await place(server)
  const { engine, isReady } = start(config)
  await until(isReady, 'ready')
  const { incarnation = '', peer } = server.heard[0]?.hello ?? {}
  equal(engine.identity, {
    cellId: Buffer.from(sampleWelcome.cellId.replaceAll('-', ''), 'hex'),
    nodeId: 4,
    incarnation: BigInt(`0x${incarnation.replaceAll('-', '').slice(0, 16)}`),
  })
  is(engine.peerPort, peer?.port)
})

test('sets peers and groups before it attaches volumes, also those it remembers', async () => {
  const wanted = { ...withVolume(1), groups: [sampleGroup(1)], peers: [samplePeer(7)] }
  const server = await control(() => [{ welcome: sampleWelcome }, { desired: wanted }])
  const config = await place(server)
  const first = start(config)
  await until(first.isReady, 'ready')
  const told = ['open', 'join', 'listen peer', 'peers 1', 'groups 1', ...served.slice(3)]
  equal(first.engine.calls, told)
  await first.stop()
  server.close()
  const second = start(config)
  await until(second.isReady, 'ready without control')
  equal(second.engine.calls, told)
  equal(second.engine.groupConfigs, first.engine.groupConfigs)
  equal(second.engine.peerAddresses, [{ nodeId: 7, address: '192.0.2.7', port: 7482 }])
})

test('sets groups also when what control wants cannot be saved', async () => {
  const server = await wanting()
  const config = await place(server)
  const { engine, isReady } = start(config)
  await until(isReady, 'ready')
  mkdirSync(join(config.stateFolder, 'desired.json.new'))
  server.say({ desired: { ...withVolume(2, 6), groups: [sampleGroup(1)] } })
  await until(() => engine.groupConfigs.length === 1, 'the group')
  await until(() => server.heard.some(({ event }) => event), 'that it was not saved')
  is(engine.volumes.has(6n), false)
})

test('refuses control that knows it under another number, and goes on serving', async () => {
  const server = await wanting()
  const config = await place(server)
  const first = start(config)
  await until(first.isReady, 'ready')
  await first.stop()
  server.close()
  const other = await control(
    () => [{ welcome: { ...sampleWelcome, nodeNumber: 5 } }, { desired: sampleDesired(9) }],
    Number(server.address.split(':')[1]),
  )
  const second = start(config)
  await until(second.isReady, 'ready')
  await until(() => other.opened() >= 2, 'refused twice')
  is(second.engine.identity?.nodeId, 4)
  is(second.engine.volumes.size, 1)
})

test('tells control at once what a group needs, and how its groups are', async () => {
  const server = await wanting()
  const { engine, isReady } = start(await place(server))
  await until(isReady, 'ready')
  engine.emit({ kind: 'group-suspect', pg: 3, epoch: 2, nodeId: 7, reason: 'silent' })
  await until(() => server.heard.some(({ report }) => report), 'the report')
  const { report } = server.heard.find((message) => message.report) ?? {}
  equal(report, { kind: 'SUSPECT', group: 3, epoch: 2, node: 7, reason: 'silent' })
  engine.groupStates = [
    { pg: 3, epoch: 2, state: 'primary', serving: true, blocksToCopy: 9n, waiting: 1 },
  ]
  await until(() => lastObserved(server)?.groups.length === 1, 'the group')
  equal(lastObserved(server)?.groups, [
    { number: 3, epoch: 2, state: 'primary', serving: true, blocksToCopy: 9, waiting: 1 },
  ])
})

test('refuses stores that are not its own before it serves anybody', async () => {
  const server = await wanting()
  const config = await place(server)
  const first = start(config)
  await until(first.isReady, 'ready')
  await first.stop()
  const engine = createFakeEngine()
  engine.storeIds = ['store-x']
  const error = await start(config, engine).ended
  instance(error, GatewayFailure)
  match((error as Error).message, /store store-a is missing/)
  equal(engine.calls, ['open', 'close'])
})

test('says that a port is in use before anything else', async () => {
  const config = await place(undefined)
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.listen({ host: '127.0.0.1', port: config.hosts.ioPort }, resolve)
  })
  cleanUp.push(() => server.close())
  const { ended, engine } = start(config)
  match(((await ended) as Error).message, /is in use: .* hosts.ioPort/)
  equal(engine.calls, [])
  is(existsSync(join(config.stateFolder, 'identity.json')), false)
})

test('ends with the engine’s reason when it cannot start', async () => {
  const server = await wanting()
  const engine = createFakeEngine()
  engine.fail('open', engineError('NO_SPACE', 'no room for the file'))
  const error = await start(await place(server), engine).ended
  instance(error, GatewayFailure)
  match((error as Error).message, /no room for the file. The disk is full/)
})

test('stops while it waits for control', async () => {
  const { stop, engine } = start(await place(undefined))
  is(await stop(), undefined)
  equal(engine.calls, [])
})

test('stops while the engine opens, and closes it', async () => {
  const server = await wanting()
  const engine = createFakeEngine()
  const finish = engine.hold('open')
  const { stop } = start(await place(server), engine)
  await until(() => engine.calls.includes('open'), 'opening')
  const stopped = stop()
  finish()
  is(await stopped, undefined)
  equal(engine.calls, ['open', 'close'])
})

test('closes the engine when it stops, and nothing is attached any more', async () => {
  const server = await wanting()
  const { engine, isReady, stop } = start(await place(server))
  await until(isReady, 'ready')
  await stop()
  is(engine.calls.at(-1), 'close')
  is(engine.calls.includes('detach 5'), false)
})

test.run()
