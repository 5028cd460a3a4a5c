/** The session with control, over real gRPC. */
import { suite } from 'uvu'
import { equal, is } from 'uvu/assert'
import { contractVersion, type Desired, type Hello } from '../../../control/contract/messages.ts'
import {
  openSession,
  type Session,
  type SessionHandlers,
} from '../../../gateway/session/session.ts'
import { until } from '../../support/until.ts'
import { type FakeControl, sampleWelcome, startFakeControl } from '../fake-control.ts'
import { quiet, sampleDesired, sampleVolume } from '../samples.ts'

const test = suite('session')
const open: { close(): void }[] = []
test.after.each(() => {
  for (const each of open.splice(0)) each.close()
})

const hello: Hello = {
  contractVersion,
  nodeName: 'n1',
  incarnation: 'i',
  rack: 'r1',
  zone: '',
  softwareVersion: '1',
  io: { address: '127.0.0.1', port: 4420 },
  discovery: { address: '127.0.0.1', port: 8009 },
  extentBytes: 2 ** 30,
  devices: [],
  storeIds: ['store-a'],
  cellId: 'cell-1',
  peer: { address: '127.0.0.1', port: 7482 },
}

async function control(...args: Parameters<typeof startFakeControl>): Promise<FakeControl> {
  const started = await startFakeControl(...args)
  open.push(started)
  return started
}

function session(
  addresses: string[],
  handlers: Partial<SessionHandlers> = {},
  backOff = { firstMs: 5, maxMs: 20 },
) {
  const desired: Desired[] = []
  const counts = { opened: 0, heartbeats: 0 }
  const opened: Session = openSession({
    addresses,
    log: quiet,
    backOff,
    handlers: {
      hello: () => hello,
      welcomed: () => undefined,
      opened: () => void counts.opened++,
      desired: (state) => void desired.push(state),
      heartbeat: () => void counts.heartbeats++,
      ...handlers,
    },
  })
  open.push(opened)
  return { session: opened, desired, counts }
}

test('says hello first, whole, and is open once it is welcomed', async () => {
  const server = await control()
  const { session: mine, counts } = session([server.address])
  is(mine.isOpen(), false)
  is(mine.send({ heartbeat: { sequence: 1, devices: [], hostConnections: 0 } }), false)
  await until(() => mine.isOpen(), 'open')
  equal(server.heard[0]?.hello, hello)
  is(counts.opened, 1)
})

test('hands on the desired state, byte for byte', async () => {
  const server = await control()
  const { session: mine, desired } = session([server.address])
  await until(() => mine.isOpen(), 'open')
  const entry = { hostNqn: 'h', subsystemNqn: 's', address: 'a', port: 1 }
  const state = sampleDesired(7, {
    volumes: [sampleVolume(3)],
    deletedVolumeIds: [9],
    discovery: [entry],
  })
  server.say({ desired: state })
  await until(() => desired.length === 1, 'desired')
  equal(desired, [state])
})

test('sends heartbeats at the interval that control asks for', async () => {
  const server = await control()
  const { counts } = session([server.address])
  await until(() => counts.heartbeats >= 3, 'three heartbeats')
})

test('opens again when the stream ends, and when control was restarted', async () => {
  const server = await control()
  const { session: mine, counts } = session([server.address])
  await until(() => mine.isOpen(), 'open')
  server.endStream()
  await until(() => counts.opened === 2, 'open again')
  server.close()
  await until(() => !mine.isOpen(), 'closed')
  await control(undefined, Number(server.address.split(':')[1]))
  await until(() => counts.opened === 3, 'open with the new one')
})

test('tries the next control when one does not answer', async () => {
  const server = await control()
  const { session: mine } = session(['127.0.0.1:1', server.address])
  await until(() => mine.isOpen(), 'open')
})

test('finds the leader among several at once, without waiting between them', async () => {
  const refused = { code: 'NOT_LEADER', reason: 'Another one leads.' } as const
  const followers = [await control(() => [{ refused }]), await control(() => [{ refused }])]
  const leader = await control()
  const addresses = [...followers, leader].map(({ address }) => address)
  const { session: mine } = session(addresses, {}, { firstMs: 60_000, maxMs: 60_000 })
  await until(() => mine.isOpen(), 'open')
  equal(
    followers.map((each) => each.opened()),
    [1, 1],
  )
})

test('waits longer only when all of several have been tried', async () => {
  const refused = { code: 'NOT_LEADER', reason: 'Another one leads.' } as const
  const followers = [await control(() => [{ refused }]), await control(() => [{ refused }])]
  const addresses = followers.map(({ address }) => address)
  session(addresses, {}, { firstMs: 60_000, maxMs: 60_000 })
  await until(() => followers.every((each) => each.opened() === 1), 'both tried')
  await new Promise((resolve) => setTimeout(resolve, 100))
  equal(
    followers.map((each) => each.opened()),
    [1, 1],
  )
})

test('is not open when it is refused, and tries again', async () => {
  const refused = { code: 'NODE_NAME_IN_USE', reason: 'Another one has this name.' } as const
  const server = await control(() => [{ refused }])
  const { session: mine, counts } = session([server.address])
  await until(() => server.opened() >= 3, 'three tries')
  is(mine.isOpen(), false)
  is(counts.opened, 0)
})

test('refuses a welcome of another version, without ids, or that comes twice', async () => {
  for (const welcome of [
    { ...sampleWelcome, contractVersion: 2 },
    { ...sampleWelcome, controllerIdFirst: 0 },
    { ...sampleWelcome, controllerIdLast: 0 },
  ]) {
    const server = await control(() => [{ welcome }])
    const { counts } = session([server.address])
    await until(() => server.opened() >= 2, 'another try')
    is(counts.opened, 0)
  }
  const server = await control(() => [{ welcome: sampleWelcome }, { welcome: sampleWelcome }])
  session([server.address])
  await until(() => server.opened() >= 2, 'another try')
})

test('ends the session that the gateway cannot take', async () => {
  const server = await control()
  const { counts } = session([server.address], { welcomed: () => 'another cell' })
  await until(() => server.opened() >= 2, 'another try')
  is(counts.opened, 0)
})

test('takes no desired state before the welcome', async () => {
  const server = await control(() => [{ desired: sampleDesired(1) }, { welcome: sampleWelcome }])
  const { session: mine, desired } = session([server.address])
  await until(() => mine.isOpen(), 'open')
  is(desired.length, 0)
})

test('does not try again after it was closed', async () => {
  const server = await control()
  const { session: mine } = session([server.address])
  await until(() => mine.isOpen(), 'open')
  mine.close()
  is(mine.isOpen(), false)
  await new Promise((resolve) => setTimeout(resolve, 50))
  is(server.opened(), 1)
})

test('takes a desired state far larger than what gRPC allows by default', async () => {
  const server = await control()
  const { session: mine, desired } = session([server.address])
  await until(() => mine.isOpen(), 'open')
  const extentMap = Buffer.alloc(256 * 1024, 1)
  const volumes = Array.from({ length: 40 }, (_, index) => sampleVolume(index, { extentMap }))
  server.say({ desired: sampleDesired(1, { volumes }) })
  await until(() => desired.length === 1, 'desired')
  is(desired[0]?.volumes.length, 40)
})

test.run()
