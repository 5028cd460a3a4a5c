/** Groups kept at their members, with a store, sessions and gateways that speak of groups. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type { NodeBody } from '../../../control/http/schemas/node.ts'
import type { PlacementGroup } from '../../../control/model/placement-group.ts'
import { createGroupRig, type GroupRig, number } from '../support/group-rig.ts'
import { eventually } from '../support/rig.ts'
import { membersOf } from './samples.ts'

let rig: GroupRig
test.after.each(() => rig.close())

const start = async (members: string, change: Partial<PlacementGroup> = {}) => {
  rig = await createGroupRig(members, change)
}
const toldOf = (name: string) =>
  rig
    .gatewayOf(name)
    .desired.at(-1)
    ?.groups.find((each) => each.number === number)

test('members are told of their group and of their peers, others are not', async () => {
  await start('n1 n2 n3')
  await rig.told('n3', 1)
  const ids = rig.gateways.map((each) => each.number)
  assert.equal(ids, [1, 2, 3, 4])
  assert.equal(toldOf('n3'), {
    number,
    epoch: 1,
    primary: 1,
    minInSync: 2,
    members: [1, 2, 3].map((node) => ({ node, role: 'IN_SYNC' })),
  })
  const peers = rig.gatewayOf('n3').desired.at(-1)?.peers ?? []
  assert.ok([1, 2].every((id) => peers.some(({ node, name }) => node === id && name === `n${id}`)))
  assert.not.ok(peers.some(({ node }) => node === 3))
  assert.is(toldOf('n4'), undefined)
})

test('a primary that is lost is replaced as soon as it is suspected', async () => {
  await start('n1 n2 n3')
  await rig.told('n2', 1)
  await rig.kill('n1')
  const beganMs = performance.now()
  rig.gatewayOf('n2').report('SUSPECT', number, 1, 1, 'unreachable')
  await rig.told('n2', 2)
  const tookMs = performance.now() - beganMs
  const after = await rig.group()
  assert.is(membersOf(after), 'n2 n3')
  assert.ok(['n2', 'n3'].includes(after?.primary ?? ''))
  // Twenty times what it takes on a machine that does nothing else.
  assert.ok(tookMs < 1000, `it took ${tookMs} ms`)
})

test('a lost backup joins again when it is back, and is in sync when it is level', async () => {
  await start('n1 n2 n3')
  await rig.told('n1', 1)
  await rig.kill('n2')
  rig.gatewayOf('n1').report('SUSPECT', number, 1, 2, 'unreachable')
  await eventually(rig.group, (now) => membersOf(now) === 'n1 n3')
  await rig.restart('n2')
  const whole = await eventually(rig.group, (now) => membersOf(now) === 'n1 n2 n3')
  assert.is(whole?.lost, undefined)
  assert.ok((whole?.epoch ?? 0) >= 4)
})

test('a member that is behind is told again', async () => {
  await start('n1 n2 n3')
  await rig.told('n2', 1)
  const before = rig.gatewayOf('n2').desired.length
  rig.gatewayOf('n2').report('BEHIND', number, 1)
  await eventually(
    () => rig.gatewayOf('n2').desired.length,
    (count) => count > before,
  )
})

test('reports of another epoch change nothing', async () => {
  await start('n1 n2 n3', { epoch: 5 })
  await rig.told('n1', 5)
  rig.gatewayOf('n1').report('SUSPECT', number, 4, 2)
  rig.gatewayOf('n2').report('WANTS_EPOCH', number, 5)
  rig.gatewayOf('n1').report('WANTS_EPOCH', number, 5)
  const after = await eventually(rig.group, (now) => now?.epoch !== 5)
  assert.equal([after?.epoch, membersOf(after)], [6, 'n1 n2 n3'])
})

test('a node that is drained gives its groups away and is drained in the end', async () => {
  await start('n1 n2 n3')
  await rig.told('n1', 1)
  const { status, body } = await rig.send<NodeBody>('POST', '/v1/nodes/n1/drain')
  assert.equal([status, body.drain], [202, 'draining'])
  const node = async () => (await rig.send<NodeBody>('GET', '/v1/nodes/n1')).body
  await eventually(node, ({ drain }) => drain === 'drained')
  assert.is(membersOf(await rig.group()), 'n2 n3 n4')
  const back = await rig.send<NodeBody>('POST', '/v1/nodes/n1/undrain')
  assert.equal([back.status, back.body.drain], [202, 'none'])
})

test.run()
