/** Groups kept at their members, with a store, sessions and gateways that speak of groups. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import {
  type PlacementGroup,
  placementGroupKind,
  placementGroupName,
} from '../../../control/model/placement-group.ts'
import { putRecord, readRecord } from '../../../control/model/record.ts'
import type { FakeGateway } from '../support/fake-gateway.ts'
import { createRig, eventually, type Rig } from '../support/rig.ts'
import { groupOf, membersOf } from './samples.ts'

let rig: Rig
let gateways: FakeGateway[]
const number = 9000

test.before.each(async () => {
  rig = await createRig()
  gateways = []
})
test.after.each(() => rig.close())

async function start(members: string, change: Partial<PlacementGroup> = {}): Promise<void> {
  for (const name of ['n1', 'n2', 'n3', 'n4'])
    gateways.push(await rig.gateway({ name, rack: name }))
  await eventually(
    () => [...rig.mirror.nodes.values()].filter(({ value }) => value.devices.length > 0).length,
    (count) => count === 4,
  )
  const group = groupOf(members, { number, epoch: 1, ...change })
  const success = [putRecord(placementGroupKind, placementGroupName(number), group)]
  await rig.store.transact({ compare: [], success })
}
const group = async () =>
  (await readRecord(rig.store, placementGroupKind, placementGroupName(number)))?.value
const gateway = (name: string) =>
  gateways.find(({ options }) => options.name === name) as FakeGateway
const toldOf = (name: string) =>
  gateway(name)
    .desired.at(-1)
    ?.groups.find((each) => each.number === number)
const told = (name: string, epoch: number) =>
  eventually(
    () => toldOf(name)?.epoch,
    (known) => (known ?? 0) >= epoch,
  )

test('members are told of their group and of their peers, others are not', async () => {
  await start('n1 n2 n3')
  await told('n3', 1)
  const ids = gateways.map((each) => each.number)
  assert.equal(ids, [1, 2, 3, 4])
  assert.equal(toldOf('n3'), {
    number,
    epoch: 1,
    primary: 1,
    minInSync: 2,
    members: [1, 2, 3].map((node) => ({ node, role: 'IN_SYNC' })),
  })
  assert.equal(
    gateway('n3')
      .desired.at(-1)
      ?.peers.map(({ node, name }) => [node, name]),
    [
      [1, 'n1'],
      [2, 'n2'],
    ],
  )
  assert.is(toldOf('n4'), undefined)
})

test('a primary that is lost is replaced as soon as it is suspected, within 50 ms', async () => {
  await start('n1 n2 n3')
  await told('n2', 1)
  gateway('n1').close()
  await eventually(
    () => rig.control.fleet.health('n1'),
    (health) => health !== 'alive',
  )
  const beganMs = performance.now()
  gateway('n2').report('SUSPECT', number, 1, 1, 'unreachable')
  await told('n2', 2)
  const tookMs = performance.now() - beganMs
  const after = await group()
  assert.is(membersOf(after), 'n2 n3')
  assert.ok(['n2', 'n3'].includes(after?.primary ?? ''))
  // Twenty times what it takes on a machine that does nothing else.
  assert.ok(tookMs < 1000, `it took ${tookMs} ms`)
})

test('a lost backup joins again when it is back, and is in sync when it is level', async () => {
  await start('n1 n2 n3')
  await told('n1', 1)
  gateway('n2').close()
  await eventually(
    () => rig.control.fleet.health('n2'),
    (health) => health !== 'alive',
  )
  gateway('n1').report('SUSPECT', number, 1, 2, 'unreachable')
  await eventually(group, (now) => membersOf(now) === 'n1 n3')
  gateways.push(await rig.gateway({ name: 'n2', rack: 'n2', hello: { storeIds: ['store-of-n2'] } }))
  const whole = await eventually(group, (now) => membersOf(now) === 'n1 n2 n3')
  assert.is(whole?.lost, undefined)
  assert.ok((whole?.epoch ?? 0) >= 4)
})

test('a member that is behind is told again', async () => {
  await start('n1 n2 n3')
  await told('n2', 1)
  const before = gateway('n2').desired.length
  gateway('n2').report('BEHIND', number, 1)
  await eventually(
    () => gateway('n2').desired.length,
    (count) => count > before,
  )
})

test('reports of another epoch change nothing', async () => {
  await start('n1 n2 n3', { epoch: 5 })
  await told('n1', 5)
  gateway('n1').report('SUSPECT', number, 4, 2)
  gateway('n2').report('WANTS_EPOCH', number, 5)
  gateway('n1').report('WANTS_EPOCH', number, 5)
  const after = await eventually(group, (now) => now?.epoch !== 5)
  assert.equal([after?.epoch, membersOf(after)], [6, 'n1 n2 n3'])
})

test.run()
