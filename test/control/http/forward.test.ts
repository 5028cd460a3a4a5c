/** Two control processes on one etcd: both answer, one leads, and the other takes over. */
import { setTimeout as delay } from 'node:timers/promises'
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

let cells = 0

function startOn(prefix: string): Promise<ControlApp> {
  const overrides = {
    api: { port: 0 },
    sessions: { port: 0 },
    metadata: { etcd: { endpoints: [etcd.endpoint], prefix, leaseMs: 1000, timeoutMs: 1000 } },
    cell: { copies: 1, placementGroupsPerNode: 16, volumeWidth: 4 },
  }
  return startControl(loadControlConfig({ overrides }), silentLog)
}

async function ask(app: ControlApp, method: string, path: string, body?: unknown) {
  const response = await fetch(app.url + path, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

/** The leader first. */
async function startTwo(): Promise<readonly [ControlApp, ControlApp]> {
  const prefix = `cell-${++cells}/`
  const leader = await startOn(prefix)
  await isAnswered(leader)
  const follower = await startOn(prefix)
  await isAnswered(follower)
  return [leader, follower]
}

const isAnswered = (app: ControlApp) =>
  eventually(
    () => ask(app, 'GET', '/v1/nodes').catch(() => undefined),
    (answer) => answer?.status === 200,
  )

const gatewayAt = ({ sessionPort }: ControlApp, name = 'n1') =>
  new FakeGateway(`127.0.0.1:${sessionPort}`, {
    name,
    rack: 'r1',
    capacityBytes: 100 * GiB,
    extentBytes: GiB,
    hello: { storeIds: [`store-of-${name}`] },
  })

test('all answer alike, and the leader alone takes gateways in', async () => {
  const [leader, follower] = await startTwo()
  const turnedAway = gatewayAt(follower)
  await turnedAway.ended
  assert.is(turnedAway.refused?.code, 'NOT_LEADER')
  const gateway = gatewayAt(leader)
  await gateway.opened
  const volume = { name: 'db', sizeBytes: GiB }
  await eventually(
    () => ask(follower, 'GET', '/v1/nodes?health=alive'),
    ({ body }) => body.items.length === 1 && body.items[0].capacityBytes > 0,
  )
  const made = await ask(follower, 'POST', '/v1/volumes', volume)
  assert.is(made.status, 201)
  const [one, other] = await Promise.all(
    [leader, follower].map((app) => ask(app, 'GET', `/v1/volumes/${made.body.id}`)),
  )
  assert.equal(one, other)
  assert.is(one?.body.name, 'db')
  const refused = await ask(follower, 'POST', '/v1/volumes', volume)
  assert.equal([refused.status, refused.body.code], [409, 'NAME_TAKEN'])
  assert.is((await ask(follower, 'GET', '/v1/none')).body.code, 'ROUTE_NOT_FOUND')
  turnedAway.close()
  gateway.close()
  await follower.close()
  await leader.close()
})

test('when the leader goes the other one leads, with the same cell', async () => {
  const [leader, follower] = await startTwo()
  const first = gatewayAt(leader)
  const { cellId, controllerIdFirst } = await first.opened
  await eventually(
    () => ask(leader, 'POST', '/v1/volumes', { name: 'db', sizeBytes: GiB }),
    ({ status }) => status === 201,
  )
  await leader.close()
  await first.ended
  assert.is(first.refused?.code, 'NOT_LEADER')
  await isAnswered(follower)
  const second = gatewayAt(follower)
  const welcome = await second.opened
  assert.equal([welcome.cellId, welcome.controllerIdFirst], [cellId, controllerIdFirst])
  assert.is((await ask(follower, 'GET', '/v1/volumes')).body.items[0].name, 'db')
  first.close()
  second.close()
  await follower.close()
})

test('without etcd nobody leads: requests are refused at once, nothing is lost', async () => {
  const [leader, follower] = await startTwo()
  const gateway = gatewayAt(leader)
  await gateway.opened
  await etcd.kill()
  await gateway.ended
  assert.is(gateway.refused?.code, 'NOT_LEADER')
  await eventually(
    () => ask(follower, 'GET', '/v1/nodes'),
    ({ body }) => body.code === 'NO_LEADER',
  )
  const answers = await Promise.all(
    [leader, follower].map((app) => ask(app, 'POST', '/v1/volumes', { name: 'a', sizeBytes: GiB })),
  )
  for (const { status, body } of answers)
    assert.equal([status, body.code, body.retryable], [503, 'NO_LEADER', true])
  await etcd.start()
  await Promise.all([leader, follower].map(isAnswered))
  const { body } = await ask(follower, 'GET', '/v1/nodes')
  assert.equal(
    body.items.map(({ name }: { name: string }) => name),
    ['n1'],
  )
  gateway.close()
  await delay(10)
  await follower.close()
  await leader.close()
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
