/** What the volumes on a node may come to hold: kept exact by the transactions that place and delete them. */
import type { MetadataStore, Operation } from '../metadata/metadata.ts'
import { defineRecord, putRecord, readRecord, type Stored } from './record.ts'

export interface NodeUsage {
  readonly provisionedBytes: number
  readonly volumes: number
}

const usageKind = defineRecord<NodeUsage>('node-usage/', 1)

export async function readUsage(store: MetadataStore, node: string): Promise<Stored<NodeUsage>> {
  const stored = await readRecord(store, usageKind, node)
  const none = { provisionedBytes: 0, volumes: 0 }
  return stored ?? { key: usageKind.prefix + node, value: none, modRevision: 0 }
}

export const putUsage = (node: string, usage: NodeUsage): Operation =>
  putRecord(usageKind, node, usage)
