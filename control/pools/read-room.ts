/** Reads what a cell has room for, all at one revision: nodes, groups, and what is promised. */
import type { MetadataStore } from '../metadata/metadata.ts'
import {
  type GroupUsage,
  groupUsageKind,
  ledgerKind,
  nextLedger,
  noUsage,
} from '../model/group-usage.ts'
import { type Node, nodeKind } from '../model/node.ts'
import { type PlacementGroup, placementGroupKind } from '../model/placement-group.ts'

export interface Room {
  readonly nodes: readonly Node[]
  readonly groups: readonly PlacementGroup[]
  usageOf(group: number): GroupUsage
  /** What a transaction that changes what is promised has to compare and write. */
  readonly ledger: ReturnType<typeof nextLedger>
}

export async function readRoom(store: MetadataStore): Promise<Room> {
  const kinds = [nodeKind, placementGroupKind, groupUsageKind, ledgerKind] as const
  const { tables } = await store.snapshot(kinds.map(({ prefix }) => prefix))
  const [nodes = [], groups = [], usages = [], ledgers = []] = tables
  const byGroup = new Map(
    usages.map((entry) => [
      Number.parseInt(entry.key.slice(groupUsageKind.prefix.length), 16),
      groupUsageKind.decode(entry).value,
    ]),
  )
  const [ledger] = ledgers.map((entry) => ledgerKind.decode(entry))
  return {
    nodes: nodes.map((entry) => nodeKind.decode(entry).value),
    groups: groups.map((entry) => placementGroupKind.decode(entry).value),
    usageOf: (group) => byGroup.get(group) ?? noUsage,
    ledger: nextLedger(ledger),
  }
}
