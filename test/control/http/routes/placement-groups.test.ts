/** Placement groups, tasks and the status over the REST API. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import type {
  PlacementGroupBody,
  PlacementGroupListBody,
} from '../../../../control/http/schemas/placement-group.ts'
import type { StatusBody } from '../../../../control/http/schemas/status.ts'
import type { TaskListBody } from '../../../../control/http/schemas/task.ts'
import { createGroupRig, type GroupRig, number } from '../../support/group-rig.ts'
import { eventually } from '../../support/rig.ts'

let rig: GroupRig

test.before.each(async () => {
  rig = await createGroupRig('n1 n2 n3')
  await eventually(group, ({ state }) => state === 'healthy')
})
test.after.each(() => rig.close())

const group = async () =>
  (await rig.send<PlacementGroupBody>('GET', `/v1/placement-groups/${number}`)).body
const list = async (query: string) =>
  (await rig.send<PlacementGroupListBody>('GET', `/v1/placement-groups${query}`)).body.items
const tasks = async () => (await rig.send<TaskListBody>('GET', '/v1/tasks')).body.items
const status = async () => (await rig.send<StatusBody>('GET', '/v1/status')).body

/** n3 is lost, and is not filled again. */
async function loseBackup(): Promise<void> {
  await rig.kill('n3')
  rig.gatewayOf('n1').fills = false
  rig.gatewayOf('n1').report('SUSPECT', number, 1, 3, 'silent')
  await eventually(group, ({ state }) => state === 'degraded')
}

test('a group shows its epoch, its members and that it serves', async () => {
  const { members, ...body } = await group()
  assert.equal(body, {
    number,
    state: 'healthy',
    epoch: 1,
    copies: 3,
    minInSync: 2,
    primary: 'n1',
    serving: true,
    waitingOperations: 0,
    lost: [],
  })
  assert.equal(
    members.map(({ node, role, leaving }) => [node, role, leaving]),
    ['n1', 'n2', 'n3'].map((node) => [node, 'in-sync', false]),
  )
})

test('groups are listed by state and by node', async () => {
  const ofNode = await list('?node=n3&limit=1000')
  assert.ok(ofNode.some((each) => each.number === number))
  assert.ok(ofNode.every(({ members }) => members.some(({ node }) => node === 'n3')))
  assert.not.ok((await list('?node=n4&limit=1000')).some((each) => each.number === number))
  assert.ok((await list('?state=healthy&limit=1000')).some((each) => each.number === number))
  assert.equal(await list('?state=rebuilding'), [])
  assert.is((await rig.refused('GET', '/v1/placement-groups?state=odd')).code, 'INVALID_FIELD')
})

test('there is no group of a number that none has, nor of what is no number', async () => {
  for (const name of ['0', '77777', 'x', '1.5', '99999999999'])
    assert.is(
      (await rig.refused('GET', `/v1/placement-groups/${name}`)).code,
      'PLACEMENT_GROUP_NOT_FOUND',
    )
})

test('a lost copy shows as a repair with what it waits for, then with its progress', async () => {
  await loseBackup()
  const [waiting] = await eventually(tasks, ([task]) => task?.waitsFor !== undefined)
  assert.equal([waiting?.id, waiting?.state, waiting?.groupsLeft], ['repair-n3', 'waiting', 1])
  assert.match(waiting?.waitsFor ?? '', /Waits until .* for node n3 to come back/)
  assert.match((await group()).change ?? '', /Member n3 lost \(silent\)/)
  await rig.restart('n3')
  const [running] = await eventually(tasks, ([task]) => task?.state === 'running')
  assert.equal([running?.id, running?.groupsRunning], ['repair-n3', 1])
  const filling = await eventually(group, ({ progress }) => progress?.blocksLeft === 1000)
  assert.is(filling.state, 'rebuilding')
})

test('the status says whether data is safe, and what is not as it shall be', async () => {
  const whole = await eventually(status, ({ health }) => health === 'healthy')
  assert.equal([whole.problems, whole.tasks], [[], []])
  assert.is(whole.nodes['alive'], 4)
  await loseBackup()
  const { health, summary, problems } = await eventually(status, (now) => now.problems.length > 1)
  assert.ok(health !== 'healthy')
  assert.ok(summary !== whole.summary)
  assert.match(problems.join(), /Node n3 of rack r-n3: Its gateway has not been heard/)
  assert.match(problems.join(), /1 placement group is short of a copy\./)
})

test('metrics count groups by state', async () => {
  const { body } = await rig.api.inject('/metrics')
  assert.match(body, /ashlar_placement_groups\{state="healthy",cell="test"\} \d+/)
})

test.run()
