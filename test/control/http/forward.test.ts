/** Two control processes on one etcd: both answer, one leads, and the other takes over. */
import { isDeepStrictEqual } from 'node:util'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { type ControlApp, startControl } from '../../../control/app.ts'
import { loadControlConfig } from '../../../control/config.ts'
import { StartError } from '../../../control/start-error.ts'
import { startEtcd } from '../../support/etcd.ts'
import { FakeGateway } from '../support/fake-gateway.ts'
import { eventually, GiB, silentLog } from '../support/rig.ts'

const etcd = await startEtcd()
test.after(() => etcd.close())

const awake = setInterval(() => {}, 1000)
test.after(() => clearInterval(awake))

/** What a test has opened: it is closed after it, however the test ends. */
const opened: { close(): unknown }[] = []
test.after.each(async () => {
  for (const each of opened.splice(0).reverse()) await each.close()
})

let cells = 0

async function startOn(prefix: string): Promise<ControlApp> {
  const overrides = {
    api: { port: 0 },
    sessions: { port: 0 },
    metadata: { etcd: { endpoints: [etcd.endpoint], prefix, leaseMs: 1000, timeoutMs: 1000 } },
    cell: { copies: 1, placementGroupsPerNode: 16, volumeWidth: 4 },
  }
  const app = await startControl(loadControlConfig({ overrides }), silentLog)
  opened.push(app)
  return app
}

async function ask(app: ControlApp, method: string, path: string, body?: unknown) {
  const response = await fetch(app.url + path, {
    method,
    signal: AbortSignal.timeout(30_000),
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

/** Asks again while nobody leads. */
const askLed = (app: ControlApp, method: string, path: string, body?: unknown) =>
  eventually(
    () => ask(app, method, path, body),
    (answer) => answer.body?.code !== 'NO_LEADER',
    `a leader that answers ${method} ${path}`,
  )

type Two = readonly [ControlApp, ControlApp]

async function startTwo(): Promise<Two> {
  const prefix = `cell-${++cells}/`
  const first = await startOn(prefix)
  await isAnswered(first)
  const second = await startOn(prefix)
  await isAnswered(second)
  return [first, second]
}

const isAnswered = (app: ControlApp) =>
  eventually(
    () => ask(app, 'GET', '/v1/nodes').catch(() => undefined),
    (answer) => answer?.status === 200,
    'an answer to GET /v1/nodes',
  )

/** What an attempt at a session led to; `why` is empty when the gateway was let in. */
async function tryAt({ sessionPort }: ControlApp) {
  const gateway = new FakeGateway(`127.0.0.1:${sessionPort}`, {
    name: 'n1',
    rack: 'r1',
    capacityBytes: 100 * GiB,
    extentBytes: GiB,
    // A node with volumes is not let in without its store.
    hello: { storeIds: ['store-of-n1'] },
  })
  opened.push(gateway)
  const why = await gateway.opened.then(
    () => '',
    (error: Error) => error.message,
  )
  return { gateway, why }
}

interface Led {
  readonly leader: ControlApp
  readonly follower: ControlApp
  /** Let in by the leader. */
  readonly gateway: FakeGateway
}

/**
 * Finds the one of the two that leads. A busy machine keeps no leader's lease in time: the lead may
 * change hands at any moment, and a test begins again from here.
 */
async function findLeader([first, second]: Two): Promise<Led> {
  const found: Led[] = []
  await eventually(
    async () => {
      const refusals: string[] = []
      for (const [leader, follower] of [
        [first, second],
        [second, first],
      ] as const) {
        const { gateway, why } = await tryAt(leader)
        if (why === '') return found.push({ leader, follower, gateway })
        refusals.push(why)
      }
      return refusals
    },
    () => found.length > 0,
    'a control process that lets a gateway in',
  )
  return found[0] as Led
}

/** Asks until it is so, with a gateway at the one that leads. */
async function whenLed(
  two: Two,
  question: (led: Led) => ReturnType<typeof ask>,
  isDone: (answer: Awaited<ReturnType<typeof ask>>) => boolean,
  what: string,
): Promise<Led> {
  let led = await findLeader(two)
  await eventually(
    async () => {
      if (led.gateway.refused) led = await findLeader(two)
      return question(led)
    },
    isDone,
    what,
  )
  return led
}

/** A gateway whose device the leader has written down: it has nothing more to write. */
const whenAtRest = (two: Two) =>
  whenLed(
    two,
    ({ follower }) => ask(follower, 'GET', '/v1/nodes?health=alive'),
    ({ body }) => body.items?.length === 1 && body.items[0].capacityBytes > 0,
    'a gateway that the follower knows to be alive',
  )

/** A lead that changes hands may lose the answer to what was done. */
const isMade = ({ status, body }: Awaited<ReturnType<typeof ask>>) =>
  status === 201 || body.code === 'NAME_TAKEN'

const volume = { name: 'db', sizeBytes: GiB }

test('the leader alone takes gateways in', async () => {
  const two = await startTwo()
  await eventually(
    async () => {
      const { follower, gateway } = await findLeader(two)
      const turnedAway = await tryAt(follower)
      gateway.close()
      return turnedAway.why
    },
    (why) => why === 'NOT_LEADER',
    'a gateway that the one lets in and the other does not',
  )
})

test('all answer alike', async () => {
  const two = await startTwo()
  await whenAtRest(two)
  const { follower } = await whenLed(
    two,
    (led) => ask(led.follower, 'POST', '/v1/volumes', volume),
    isMade,
    'a volume made through the follower',
  )
  const [one] = await eventually(
    () => Promise.all(two.map((app) => ask(app, 'GET', '/v1/volumes/db'))),
    ([mine, yours]) => mine?.status === 200 && isDeepStrictEqual(mine, yours),
    'the same answer of both',
  )
  assert.is(one?.body.name, 'db')
  const refused = await askLed(follower, 'POST', '/v1/volumes', volume)
  assert.equal([refused.status, refused.body.code], [409, 'NAME_TAKEN'])
  assert.is((await askLed(follower, 'GET', '/v1/none')).body.code, 'ROUTE_NOT_FOUND')
})

test('when the leader goes the other one leads, with the same cell', async () => {
  const two = await startTwo()
  await whenLed(two, ({ leader }) => ask(leader, 'POST', '/v1/volumes', volume), isMade, 'a volume')
  const { leader, follower, gateway: first } = await whenAtRest(two)
  const { cellId, controllerIdFirst } = await first.opened
  await leader.close()
  await first.untilEnded()
  assert.is(first.refused?.code, 'NOT_LEADER')
  await isAnswered(follower)
  const { gateway: second } = await eventually(
    () => tryAt(follower),
    ({ why }) => why === '',
    'a gateway that the other one lets in',
  )
  const welcome = await second.opened
  assert.equal([welcome.cellId, welcome.controllerIdFirst], [cellId, controllerIdFirst])
  assert.is((await askLed(follower, 'GET', '/v1/volumes')).body.items[0].name, 'db')
})

test('without etcd nobody leads: requests are refused at once, nothing is lost', async () => {
  const two = await startTwo()
  const { gateway, follower } = await whenAtRest(two)
  await etcd.kill()
  await gateway.untilEnded()
  assert.is(gateway.refused?.code, 'NOT_LEADER')
  await eventually(
    () => ask(follower, 'GET', '/v1/nodes'),
    ({ body }) => body.code === 'NO_LEADER',
    'a follower without a leader',
  )
  const answers = await Promise.all(
    two.map((app) => ask(app, 'POST', '/v1/volumes', { name: 'a', sizeBytes: GiB })),
  )
  for (const { status, body } of answers)
    assert.equal([status, body.code, body.retryable], [503, 'NO_LEADER', true])
  await etcd.start()
  await Promise.all(two.map(isAnswered))
  const { body } = await askLed(follower, 'GET', '/v1/nodes')
  assert.equal(
    body.items.map(({ name }: { name: string }) => name),
    ['n1'],
  )
})

test('a control process that cannot reach etcd says so and does not start', async () => {
  const metadata = { etcd: { endpoints: ['http://127.0.0.1:1'], timeoutMs: 500 } }
  const overrides = { api: { port: 0 }, sessions: { port: 0 }, metadata }
  const error = await startControl(loadControlConfig({ overrides }), silentLog).catch(
    (reason: unknown) => reason,
  )
  assert.instance(error, StartError)
  assert.match((error as Error).message, /^etcd at http:\/\/127.0.0.1:1 cannot be used: .*REFUSED/)
})

test.run()
