/**
 * Keeps every group at its members: decides on what follows and writes it. Only the leader does.
 *
 * What a member reports is acted on at once, for its group alone; all groups are gone through each
 * second, and soon after nodes came or went. A step that comes too late is decided anew.
 */
import type { Control } from '../control.ts'
import {
  type PlacementGroup,
  placementGroupKind,
  placementGroupName,
} from '../model/placement-group.ts'
import { putRecord, type Stored, unchanged } from '../model/record.ts'
import { createPacer } from '../pacer.ts'
import { commit } from '../reconcile/commit.ts'
import type { Reconcile } from '../reconcile/reconcile.ts'
import { brokenRule } from './change.ts'
import { type CellView, viewCell, viewGroup } from './group-view.ts'
import { type GroupSettings, nextConfiguration } from './next-configuration.ts'
import { type JoinSettings, planJoins } from './plan-joins.ts'
import { plannedNodes } from './planned-nodes.ts'
import { withJoining } from './with-joining.ts'

export interface KeepSettings extends GroupSettings, JoinSettings {
  readonly fullPercent: number
}

const soonMs = 2
const intervalMs = 250
const wholeEveryMs = 1000
const wholeSoonestMs = 100
const planEveryMs = 1000
const restsPerPass = 5
/** Writes under way at a time: each waits for the metadata store alone. */
const writesAtOnce = 32

export function startKeepGroups(control: Control, settings: KeepSettings): Reconcile {
  const { fleet, mirror, leadership } = control
  const keeper = new GroupKeeper(control, settings)
  const pacer = createPacer(() => keeper.turn(), { soonMs, intervalMs })
  const all = () => {
    keeper.askForAll()
    pacer.soon()
  }
  fleet.onReport((group) => {
    keeper.askFor(group)
    pacer.soon()
  })
  fleet.onChange(all)
  mirror.onChange(all)
  leadership.onChange(() => {
    control.groupNotes.reset()
    all()
  })
  all()
  return pacer
}

class GroupKeeper {
  readonly #control: Control
  readonly #settings: KeepSettings
  #asked = new Set<number>()
  #isAllAsked = false
  #lastWholeMs = Number.NEGATIVE_INFINITY
  /** In a large cell going through all groups takes long, too: others have their turn between. */
  #restMs = 0
  #nextPlanMs = 0

  constructor(control: Control, settings: KeepSettings) {
    this.#control = control
    this.#settings = settings
  }

  askFor(group: number): void {
    this.#asked.add(group)
  }
  askForAll(): void {
    this.#isAllAsked = true
  }

  async turn(): Promise<void> {
    const { leadership, mirror, fleet } = this.#control
    if (!leadership.leads()) return
    const cell = viewCell(mirror, fleet)
    const sinceMs = cell.nowMs - this.#lastWholeMs
    const whole =
      sinceMs >= Math.max(this.#isAllAsked ? wholeSoonestMs : wholeEveryMs, this.#restMs)
    const asked = this.#asked
    this.#asked = new Set()
    const due = whole ? [...mirror.placementGroups.values()] : this.#find(asked)
    const beganMs = performance.now()
    const changes = due.flatMap((stored) => this.#decide(cell, stored))
    if (whole) this.#restMs = restsPerPass * (performance.now() - beganMs)
    await this.#writeAll(changes)
    if (!whole) return
    this.#lastWholeMs = cell.nowMs
    this.#isAllAsked = false
    this.#measure(cell)
    if (cell.nowMs < this.#nextPlanMs) return
    await this.#join(cell, new Set(changes.map(({ next }) => next.number)))
  }

  #find(numbers: Iterable<number>): Stored<PlacementGroup>[] {
    const { placementGroups } = this.#control.mirror
    return [...numbers].flatMap((number) => placementGroups.get(placementGroupName(number)) ?? [])
  }

  #decide(cell: CellView, stored: Stored<PlacementGroup>): Change[] {
    const next = nextConfiguration(stored.value, viewGroup(cell, stored.value), this.#settings)
    return next ? [{ stored, next }] : []
  }

  /** `changed` are groups whose records in the mirror are older than what was just written. */
  async #join(cell: CellView, changed: ReadonlySet<number>): Promise<void> {
    const { mirror, fleet, groupNotes } = this.#control
    const beganMs = performance.now()
    const { joins, waits } = planJoins({
      groups: [...mirror.placementGroups.values()].map(({ value }) => value),
      nodes: plannedNodes(mirror.nodes, fleet, this.#settings.fullPercent),
      mayJoin: (group) => !changed.has(group) && groupNotes.mayJoin(group, cell.nowMs),
      nowMs: Date.now(),
      settings: this.#settings,
    })
    // In a large cell a plan takes a second: it gets a tenth of the time at most.
    const tookMs = performance.now() - beganMs
    this.#nextPlanMs = cell.nowMs + Math.max(planEveryMs, 10 * tookMs)
    groupNotes.setWaits(waits)
    const changes = joins.flatMap((join): Change[] =>
      this.#find([join.group]).map((stored) => ({
        stored,
        next: withJoining(stored.value, join, cell.now),
      })),
    )
    await this.#writeAll(changes)
  }

  async #writeAll(changes: readonly Change[]): Promise<void> {
    for (let at = 0; at < changes.length; at += writesAtOnce) {
      if (!this.#control.leadership.leads()) return
      await Promise.all(changes.slice(at, at + writesAtOnce).map((change) => this.#write(change)))
    }
  }

  async #write({ stored, next }: Change): Promise<void> {
    const { value } = stored
    try {
      const broken = brokenRule(value, next)
      if (broken !== undefined)
        throw new Error(
          `group ${value.number} must not change to ${JSON.stringify(next)}: ${broken}`,
        )
      const { number, epoch, primary, reason } = next
      const success = [putRecord(placementGroupKind, placementGroupName(number), next)]
      const subject = { group: number, epoch, primary, reason }
      const transaction = { compare: [unchanged(stored)], success }
      if (await commit(this.#control, transaction, subject, 'placement group has changed'))
        this.#control.groupNotes.changed(value, next, this.#control.fleet.nowMs())
    } catch (error) {
      this.#control.log.error(error, `changing ${stored.key} failed; it is tried again`)
    }
  }

  #measure({ fleet, nowMs }: CellView): void {
    const blocks = new Map<number, number>()
    for (const { value } of this.#control.mirror.placementGroups.values()) {
      if (!value.members.some(({ role }) => role === 'joining')) continue
      const seen = fleet.view(value.primary)?.observed?.groups.get(value.number)
      if (seen) blocks.set(value.number, seen.blocksToCopy)
    }
    this.#control.groupNotes.measure(blocks, nowMs)
  }
}

interface Change {
  readonly stored: Stored<PlacementGroup>
  readonly next: PlacementGroup
}
