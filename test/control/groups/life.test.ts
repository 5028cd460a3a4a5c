/**
 * Groups of a cell through random losses, returns and drains, with members that say what real ones
 * would: every step keeps the rules, and in the end every group is whole.
 */
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { brokenRule, stayingOf } from '../../../control/groups/change.ts'
import { createGroupNotes } from '../../../control/groups/group-notes.ts'
import type { MemberReport } from '../../../control/groups/group-view.ts'
import { nextConfiguration } from '../../../control/groups/next-configuration.ts'
import { planJoins } from '../../../control/groups/plan-joins.ts'
import { withJoining } from '../../../control/groups/with-joining.ts'
import { inSyncOf, type PlacementGroup } from '../../../control/model/placement-group.ts'
import { seededRandom } from '../../../placement/random.ts'
import { groupOf, observed, says, settings, suspects, viewOf } from './samples.ts'

interface Node {
  readonly name: string
  alive: boolean
  draining: boolean
  silentMs: number
}

const tickMs = 500
const joining = { rebuildDelayMs: 20_000, joiningMax: 6 }

class Cell {
  readonly nodes: Node[]
  groups: PlacementGroup[]
  nowMs = Date.parse('2026-01-01T00:00:00.000Z')
  readonly #random: () => number
  readonly #notes: ReturnType<typeof createGroupNotes>
  readonly #where: string

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    this.#notes = createGroupNotes(this.#random)
    this.#where = `seed ${seed}`
    this.nodes = [1, 2, 3, 4, 5, 6].map((at) => {
      return { name: `n${at}`, alive: true, draining: false, silentMs: 0 }
    })
    this.groups = [...Array(12).keys()].map((at) => {
      const members = [0, 1, 2].map((each) => `n${((at + each) % 6) + 1}`).join(' ')
      return groupOf(members, { number: at + 1, epoch: 1 })
    })
  }

  chance(part: number): boolean {
    return this.#random() < part
  }

  tick(): void {
    this.nowMs += tickMs
    for (const node of this.nodes) node.silentMs = node.alive ? 0 : node.silentMs + tickMs
    this.groups = this.groups.map((group) => this.#decide(group))
    const { joins } = planJoins({
      groups: this.groups,
      nodes: this.nodes.map(({ name, alive, draining, silentMs }) => ({
        name,
        rack: `r-${name}`,
        zone: '',
        capacityBytes: 1,
        state: draining ? ('out' as const) : ('in' as const),
        alive,
        silentMs,
        draining,
        canTake: true,
      })),
      mayJoin: (group) => this.#notes.mayJoin(group, this.nowMs),
      nowMs: this.nowMs,
      settings: joining,
    })
    for (const join of joins)
      this.groups = this.groups.map((group) => {
        if (group.number !== join.group) return group
        return this.#change(group, withJoining(group, join, this.#now()))
      })
  }

  #now(): string {
    return new Date(this.nowMs).toISOString()
  }

  #decide(group: PlacementGroup): PlacementGroup {
    const byName = Object.fromEntries(
      this.nodes.map((node) => [node.name, { ...node, observed: this.#observe(group) }]),
    )
    const view = { ...viewOf(this.#reports(group), byName, this.nowMs), now: this.#now() }
    const next = nextConfiguration(group, view, settings)
    return next ? this.#change(group, next) : group
  }

  #change(before: PlacementGroup, after: PlacementGroup): PlacementGroup {
    assert.is(brokenRule(before, after), undefined, this.#where)
    // A copy in sync is one that has everything: one of them is always there to go on from.
    const wasInSync = new Set(inSyncOf(before).map(({ node }) => node))
    assert.ok(
      inSyncOf(after).some(({ node }) => wasInSync.has(node)),
      this.#where,
    )
    this.#notes.changed(before, after, this.nowMs)
    return after
  }

  #observe(group: PlacementGroup) {
    return observed({ epoch: group.epoch, serving: true })
  }

  /** What living members say, some of it late or never. */
  #reports(group: PlacementGroup): MemberReport[] {
    const isAlive = (name: string) => this.nodes.some((node) => node.name === name && node.alive)
    const { primary, members } = group
    const reports: MemberReport[] = []
    for (const { node, role } of members) {
      if (!isAlive(node) || this.chance(0.2)) continue
      if (node !== primary && !isAlive(primary)) reports.push(suspects(node, primary))
      if (node !== primary && isAlive(primary) && role === 'joining' && this.chance(0.5))
        reports.push(says('LEVEL', primary, node))
    }
    if (isAlive(primary))
      for (const { node } of members) if (!isAlive(node)) reports.push(suspects(primary, node))
    return reports
  }
}

const isWhole = (cell: Cell) =>
  cell.groups.every(
    (group) => inSyncOf({ members: stayingOf(group) }).length === 3 && group.members.length === 3,
  )

test('groups live through losses, returns and drains, and are whole in the end', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const cell = new Cell(seed)
    for (let tick = 0; tick < 150; tick++) {
      for (const node of cell.nodes) {
        if (cell.chance(node.alive ? 0.01 : 0.05)) node.alive = !node.alive
        if (cell.chance(node.draining ? 0.05 : 0.005)) node.draining = !node.draining
      }
      cell.tick()
    }
    for (const node of cell.nodes) Object.assign(node, { alive: true, draining: false })
    for (let tick = 0; tick < 400 && !isWhole(cell); tick++) cell.tick()
    assert.ok(isWhole(cell), `seed ${seed}: ${JSON.stringify(cell.groups)}`)
  }
})

test('a node that is drained holds nothing in the end, and groups stay whole meanwhile', () => {
  const cell = new Cell(1)
  const [first] = cell.nodes
  Object.assign(first as Node, { draining: true })
  const holds = () => cell.groups.some(({ members }) => members.some(({ node }) => node === 'n1'))
  for (let tick = 0; tick < 100 && holds(); tick++) {
    cell.tick()
    assert.ok(cell.groups.every((group) => inSyncOf(group).length >= 3))
  }
  assert.not.ok(holds())
})

test.run()
