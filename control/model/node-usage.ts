/**
 * What the volumes on a node may come to hold: kept exact by the transactions that place and delete
 * them.
 */
import type { MetadataStore, Operation } from '../metadata/metadata.ts'
import { defineRecord, putRecord, readRecord, type Stored } from './record.ts'

export interface NodeUsage {
  readonly provisionedBytes: number
  readonly volumes: number
}

const usageKind = defineRecord<NodeUsage>('node-usage/', 1)

export const noUsage = (node: string): Stored<NodeUsage> => ({
  key: usageKind.prefix + node,
  value: { provisionedBytes: 0, volumes: 0 },
  modRevision: 0,
})

export const readUsage = async (store: MetadataStore, node: string): Promise<Stored<NodeUsage>> =>
  (await readRecord(store, usageKind, node)) ?? noUsage(node)

/** By the node's name. */
export async function listUsage(store: MetadataStore): Promise<Map<string, Stored<NodeUsage>>> {
  const { items } = await store.range({ prefix: usageKind.prefix })
  return new Map(
    items.map((entry) => [entry.key.slice(usageKind.prefix.length), usageKind.decode(entry)]),
  )
}

export const putUsage = (node: string, usage: NodeUsage): Operation =>
  putRecord(usageKind, node, usage)
