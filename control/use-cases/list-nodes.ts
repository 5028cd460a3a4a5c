/** Lists nodes by name. */
import type { Control } from '../control.ts'
import type { NodeListBody, NodeListQuery } from '../http/schemas/node.ts'
import { readCandidates } from '../model/candidates.ts'
import { nodeKind } from '../model/node.ts'
import { presentNode } from '../present/present-node.ts'
import { readPage } from './read-page.ts'

export async function listNodes(control: Control, query: NodeListQuery): Promise<NodeListBody> {
  const { rack, health } = query
  const { items, ...next } = await readPage(
    control.store,
    nodeKind,
    query,
    (node) =>
      (rack === undefined || node.rack === rack) &&
      (health === undefined || control.fleet.health(node.name) === health),
  )
  const candidates = new Map((await readCandidates(control)).map((one) => [one.name, one]))
  const found = items.flatMap(({ value }) => candidates.get(value.name) ?? [])
  return { items: found.map((candidate) => presentNode(control, candidate)), ...next }
}
