/** Lists racks by name, each with the sums of its nodes. */
import type { Control } from '../control.ts'
import type { NodeBody, RackBody, RackListBody } from '../http/schemas/node.ts'
import { readCandidates } from '../model/candidates.ts'
import { presentNode } from '../present/present-node.ts'

export async function listRacks(control: Control): Promise<RackListBody> {
  const racks = new Map<string, NodeBody[]>()
  for (const candidate of await readCandidates(control)) {
    const node = presentNode(control, candidate)
    racks.set(node.rack, [...(racks.get(node.rack) ?? []), node])
  }
  const sorted = [...racks].sort(([a], [b]) => (a < b ? -1 : 1))
  return { items: sorted.map(([name, nodes]) => presentRack(name, nodes)) }
}

function presentRack(name: string, nodes: readonly NodeBody[]): RackBody {
  const sum = (pick: (node: NodeBody) => number) =>
    nodes.reduce((total, node) => total + pick(node), 0)
  return {
    name,
    nodes: nodes.length,
    aliveNodes: nodes.filter(({ health }) => health === 'alive').length,
    capacityBytes: sum((node) => node.capacityBytes),
    usedBytes: sum((node) => node.usedBytes),
    provisionedBytes: sum((node) => node.provisionedBytes),
    freeBytes: sum((node) => node.freeBytes),
  }
}
