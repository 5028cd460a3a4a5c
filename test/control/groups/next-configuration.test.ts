/** What follows on a configuration: losses, takeovers, joining, leaving, and what never may. */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { brokenRule } from '../../../control/groups/change.ts'
import type { GroupView, MemberReport } from '../../../control/groups/group-view.ts'
import { nextConfiguration } from '../../../control/groups/next-configuration.ts'
import { inSyncOf, type PlacementGroup } from '../../../control/model/placement-group.ts'
import { seededRandom } from '../../../placement/random.ts'
import { dead, groupOf, membersOf, observed, says, settings, suspects, viewOf } from './samples.ts'

const next = (group: PlacementGroup, view: GroupView) => nextConfiguration(group, view, settings)

test('nothing changes while nobody says anything', () => {
  assert.is(next(groupOf('a b c'), viewOf()), undefined)
})

test('a backup that the primary suspects is taken out, and may come back', () => {
  const after = next(groupOf('a b c'), viewOf([suspects('a', 'b')]))
  assert.is(membersOf(after), 'a c')
  assert.is(after?.epoch, 5)
  assert.is(after?.primary, 'a')
  assert.equal(
    after?.lost?.map(({ node }) => node),
    ['b'],
  )
  assert.match(after?.reason ?? '', /Member b lost \(silent\), as a says/)
})

test("another backup's word on a backup counts for nothing", () => {
  assert.is(next(groupOf('a b c'), viewOf([suspects('c', 'b')])), undefined)
})

test('a backup whose own store failed is taken out on its own word', () => {
  assert.is(membersOf(next(groupOf('a b c'), viewOf([suspects('b', 'b')]))), 'a c')
})

test('when the primary is suspected by a member in sync, another one leads', () => {
  const after = next(groupOf('a b c'), viewOf([suspects('b', 'a')], { a: dead }))
  assert.is(membersOf(after), 'b c')
  assert.is(after?.primary, 'b')
})

test('what a joining member says of the primary counts for nothing', () => {
  assert.is(next(groupOf('a b +c'), viewOf([suspects('c', 'a')])), undefined)
})

test('a primary whose own store failed hands over to a member that is alive', () => {
  const after = next(groupOf('a b c'), viewOf([suspects('a', 'a')], { b: dead }))
  assert.is(membersOf(after), 'b c')
  assert.is(after?.primary, 'c')
})

test('only a living member in sync is made primary: without one, control waits', () => {
  const report = [suspects('b', 'a')]
  assert.is(next(groupOf('a b +c'), viewOf(report, { b: dead })), undefined)
  assert.is(
    next(groupOf('a b'), viewOf(report, { b: { observed: observed({ state: 'closed' }) } })),
    undefined,
  )
})

test('the last copy in sync is never given up', () => {
  assert.is(next(groupOf('a +b'), viewOf([suspects('a', 'a'), suspects('b', 'a')])), undefined)
})

test('of two that suspect each other the primary stays; against two of three it goes', () => {
  const pair = [suspects('a', 'b'), suspects('b', 'a')]
  assert.is(membersOf(next(groupOf('a b'), viewOf(pair))), 'a')
  assert.is(membersOf(next(groupOf('a b c'), viewOf(pair))), 'a c')
  const three = [...pair, suspects('a', 'c'), suspects('c', 'a')]
  const after = next(groupOf('a b c'), viewOf(three))
  assert.is(membersOf(after), 'b c')
})

test('a primary that loses all others at once waits a moment for what they say', () => {
  const reports = [suspects('a', 'b'), suspects('a', 'c')]
  const soon = viewOf(reports, {}, settings.settleMs - 1)
  assert.is(next(groupOf('a b c'), soon), undefined)
  assert.is(membersOf(next(groupOf('a b c'), viewOf(reports, {}, settings.settleMs))), 'a')
  const gone = viewOf(reports, { b: dead, c: dead }, 1)
  assert.is(membersOf(next(groupOf('a b c'), gone)), 'a')
})

test('a new primary is not held up by a member that is gone with the old one', () => {
  const reports = [suspects('a', 'b'), suspects('c', 'a')]
  const after = next(groupOf('a b c'), viewOf(reports, { a: dead, b: dead }))
  assert.is(membersOf(after), 'c')
})

test('a primary that control does not hear hands over and stays a member', () => {
  const away = { alive: false, silentMs: settings.awayAfterMs }
  const after = next(groupOf('a b c'), viewOf([], { a: away }))
  assert.is(membersOf(after), 'a b c')
  assert.is(after?.primary, 'b')
  assert.is(next(groupOf('a b c'), viewOf([], { a: dead })), undefined)
  assert.is(next(groupOf('a b c'), viewOf([], { a: away, b: away, c: away })), undefined)
})

test('a primary that began anew gets an epoch, and only the primary does', () => {
  const after = next(groupOf('a b'), viewOf([says('WANTS_EPOCH', 'a')]))
  assert.equal([after?.epoch, after?.primary, membersOf(after)], [5, 'a', 'a b'])
  assert.is(next(groupOf('a b'), viewOf([says('WANTS_EPOCH', 'b')])), undefined)
})

test('a joining member is in sync when its primary says that it is level', () => {
  const group = groupOf('a b +c', { lost: [{ node: 'c', since: '2026-01-01T00:00:00.000Z' }] })
  const after = next(group, viewOf([says('LEVEL', 'a', 'c')]))
  assert.is(membersOf(after), 'a b c')
  assert.is(after?.lost, undefined)
  assert.is(next(groupOf('a b +c'), viewOf([says('LEVEL', 'b', 'c')])), undefined)
})

test('a member that is level and lost at once is lost', () => {
  const reports = [says('LEVEL', 'a', 'c'), suspects('a', 'c')]
  assert.is(membersOf(next(groupOf('a b +c'), viewOf(reports))), 'a b')
})

test('a joining member that is away goes, and loses nothing', () => {
  const away = { alive: false, silentMs: settings.awayAfterMs }
  assert.is(membersOf(next(groupOf('a b +c'), viewOf([], { c: away }))), 'a b')
})

test('who is drained hands over first, and leaves when another has all', () => {
  const draining = { a: { draining: true } }
  const led = next(groupOf('a b c'), viewOf([], draining))
  assert.equal([led?.primary, membersOf(led)], ['b', 'a b c'])
  const moved = groupOf('b a c d', { copies: 3, leaving: ['a'] })
  const serving = { ...draining, b: { observed: observed() } }
  assert.is(membersOf(next(moved, viewOf([], serving))), 'b c d')
  const waiting = { ...draining, b: { observed: observed({ serving: false }) } }
  assert.is(next(moved, viewOf([], waiting)), undefined)
  const joining = groupOf('b a c +d', { copies: 3, leaving: ['a'] })
  assert.is(next(joining, viewOf([], serving)), undefined)
})

test('the only copy moves only when another one has all', () => {
  const change = { copies: 1 as const, minInSync: 1, leaving: ['a'] }
  const draining = { a: { draining: true, observed: observed() } }
  assert.is(next(groupOf('a +b', change), viewOf([], draining)), undefined)
  const level = next(groupOf('a +b', change), viewOf([says('LEVEL', 'a', 'b')], draining))
  assert.is(membersOf(level), 'a b')
  const led = next(groupOf('a b', change), viewOf([], draining))
  assert.equal([led?.primary, membersOf(led)], ['b', 'a b'])
  const served = viewOf([], { ...draining, b: { observed: observed() } })
  assert.is(membersOf(next(groupOf('b a', change), served)), 'b')
})

test('of more members than wanted one goes, and never the primary', () => {
  const serving = viewOf([], { a: { observed: observed() } })
  assert.is(membersOf(next(groupOf('a b c d'), serving)), 'a b c')
  assert.is(membersOf(next(groupOf('a b c +d'), serving)), 'a b c')
  assert.is(next(groupOf('a b +c +d'), serving), undefined)
  assert.is(next(groupOf('a b c d'), viewOf()), undefined)
})

const nodes = ['a', 'b', 'c', 'd'] as const
const kinds = ['SUSPECT', 'SUSPECT', 'SUSPECT', 'LEVEL', 'WANTS_EPOCH'] as const

test('whatever is said in whatever order, no rule is broken and no last copy lost', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
    const chance = (part: number) => random() < part
    let group = groupOf(pick(['a', 'a b', 'a b c', 'a b +c', 'a +b +c', 'a b c +d']))
    for (let step = 0; step < 60; step++) {
      const reports = Array.from(
        { length: Math.floor(random() * 5) },
        (): MemberReport =>
          says(pick(kinds), pick(nodes), pick(nodes), { firstHeardMs: random() * 10_000 }),
      )
      const member = () => ({
        alive: chance(0.7),
        silentMs: random() * 10_000,
        draining: chance(0.2),
        observed: observed({ epoch: group.epoch, serving: chance(0.7) }),
      })
      const view = viewOf(reports, { a: member(), b: member(), c: member(), d: member() })
      const leaving = group.members.map(({ node }) => node).filter(() => chance(0.2))
      group = chance(0.3) ? { ...group, leaving } : group
      const after = next(group, view)
      if (!after) continue
      assert.is(brokenRule(group, after), undefined, `seed ${seed}`)
      checkDropped(group, after, reports, `seed ${seed}, step ${step}`)
      group = chance(0.3) ? { ...after, members: rejoined(after, pick(nodes)) } : after
    }
  }
})

/** Members in sync go only when somebody who counts said that they are lost, or to leave. */
function checkDropped(
  before: PlacementGroup,
  after: PlacementGroup,
  reports: readonly MemberReport[],
  where: string,
): void {
  const stays = new Set(after.members.map(({ node }) => node))
  assert.ok(inSyncOf(after).length >= 1, where)
  const dropped = inSyncOf(before).filter(({ node }) => !stays.has(node))
  for (const { node } of dropped) {
    const isAccused = reports.some(({ kind, about }) => kind === 'SUSPECT' && about === node)
    const isEnough = inSyncOf(after).length >= before.copies
    assert.ok(isAccused || isEnough, `${where}: ${node}`)
  }
}

function rejoined(group: PlacementGroup, node: string): PlacementGroup['members'] {
  if (group.members.some((member) => member.node === node)) return group.members
  return [...group.members, { node, role: 'joining', since: '' }]
}

test.run()
