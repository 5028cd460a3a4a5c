/**
 * What the volumes in each placement group may come to hold. A node has promised what its groups
 * have, so that what is promised moves with them.
 *
 * It is exact: every transaction that places, grows or deletes a volume also changes one record,
 * the ledger's revision, so that of two which were decided on the same figures one is decided anew.
 */
import type { Compare, MetadataStore, Operation } from '../metadata/metadata.ts'
import { placementGroupName } from './placement-group.ts'
import { absent, defineRecord, putRecord, readRecord, type Stored, unchanged } from './record.ts'

export interface GroupUsage {
  readonly provisionedBytes: number
  /** How many volumes have extents in it. */
  readonly volumes: number
}

export const groupUsageKind = defineRecord<GroupUsage>('placement-group-usage/', 1)

export const noUsage: GroupUsage = { provisionedBytes: 0, volumes: 0 }

interface LedgerRevision {
  readonly changes: number
}

export const ledgerKind = defineRecord<LedgerRevision>('ledger/', 1)
const ledgerName = 'revision'

/** What a transaction needs so that nobody else's promises came between. */
export function nextLedger(stored: Stored<LedgerRevision> | undefined): {
  readonly compare: Compare
  readonly operation: Operation
} {
  const changes = (stored?.value.changes ?? 0) + 1
  return {
    compare: stored ? unchanged(stored) : absent(ledgerKind.prefix + ledgerName),
    operation: putRecord(ledgerKind, ledgerName, { changes }),
  }
}

/** The figures of a few groups, and the ledger's revision that they are of or later. */
export async function readUsage(store: MetadataStore, groups: readonly number[]) {
  const revision = await readRecord(store, ledgerKind, ledgerName)
  const found = await Promise.all(
    groups.map((group) => readRecord(store, groupUsageKind, placementGroupName(group))),
  )
  const byGroup = new Map(groups.map((group, at) => [group, found[at]?.value ?? noUsage]))
  return {
    ledger: nextLedger(revision),
    usageOf: (group: number): GroupUsage => byGroup.get(group) ?? noUsage,
  }
}

/** By the group's number. */
export type UsageChange = ReadonlyMap<
  number,
  { readonly bytes: number; readonly volumes: -1 | 0 | 1 }
>

/** New figures of the groups that change; `usageOf` was read under the ledger's revision. */
export function changeUsage(
  change: UsageChange,
  usageOf: (group: number) => GroupUsage,
): Operation[] {
  return [...change].map(([group, { bytes, volumes }]) => {
    const old = usageOf(group)
    return putRecord(groupUsageKind, placementGroupName(group), {
      provisionedBytes: old.provisionedBytes + bytes,
      volumes: old.volumes + volumes,
    })
  })
}
