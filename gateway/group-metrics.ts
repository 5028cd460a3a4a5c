/** Figures of placement groups and peers for Prometheus. */
import { Gauge, type Registry } from 'prom-client'
import type { Engine } from '../native-rdma/index.js'

export function addGroupMetrics(registry: Registry, engine: () => Engine | undefined): void {
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
  new Gauge({
    name: 'ashlar_groups_waiting_parts',
    help: 'Parts of commands that wait on this node for their group to be served.',
    registers: [registry],
    collect() {
      this.set((engine()?.groups() ?? []).reduce((sum, { waiting }) => sum + waiting, 0))
    },
  })
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
