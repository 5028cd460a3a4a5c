/** Figures of placement groups and peers for Prometheus. */
import { Gauge, type Registry } from 'prom-client'
import type { Engine, GroupStatus } from '../native-rdma/index.js'

interface GroupFigure {
  readonly name: string
  readonly help: string
  read(group: GroupStatus): number
}

/** Summed over all groups of the node. */
const figures: readonly GroupFigure[] = [
  {
    name: 'serving',
    help: 'Groups that are served from this node now.',
    read: ({ serving }) => Number(serving),
  },
  {
    name: 'blocks_to_copy',
    help: 'Blocks of 4096 bytes that joining members lack, of groups with their primary here.',
    read: ({ blocksToCopy }) => Number(blocksToCopy),
  },
  {
    name: 'waiting',
    help: 'Parts of commands that wait on this node for their group to be served.',
    read: ({ waiting }) => waiting,
  },
]

export function addGroupMetrics(registry: Registry, engine: () => Engine | undefined): void {
  const registers = [registry]
  addCounts(registry, {
    name: 'ashlar_groups',
    help: 'Groups of this node by their state.',
    states: () => engine()?.groups() ?? [],
  })
  addCounts(registry, {
    name: 'ashlar_peers',
    help: 'Other nodes by the state of the connection to them.',
    states: () => engine()?.peers() ?? [],
  })
  for (const { name, help, read } of figures) {
    new Gauge({
      name: `ashlar_groups_${name}`,
      help,
      registers,
      collect() {
        this.set((engine()?.groups() ?? []).reduce((sum, group) => sum + read(group), 0))
      },
    })
  }
}

interface Counts {
  readonly name: string
  readonly help: string
  states(): readonly { readonly state: string }[]
}

function addCounts(registry: Registry, { name, help, states }: Counts): void {
  new Gauge({
    name,
    help,
    labelNames: ['state'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { state } of states()) this.inc({ state })
    },
  })
}
