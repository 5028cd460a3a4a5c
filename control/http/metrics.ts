/** What control counts, for Prometheus. */
import type { FastifyInstance } from 'fastify'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Control } from '../control.ts'
import { groupState, groupStates } from '../groups/group-state.ts'
import { attachmentStateKinds } from '../model/attachment.ts'
import type { Mirror } from '../model/mirror.ts'
import { volumeStateKinds } from '../model/volume.ts'
import { nodeHealths } from '../session/fleet.ts'
import { tally } from '../tally.ts'

export function createMetrics(control: Control, mirror: Mirror): Registry {
  const registry = new Registry()
  registry.setDefaultLabels({ cell: control.cell.name })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const count = (name: string, help: string, label: string, read: () => Map<string, number>) =>
    new Gauge({
      name,
      help,
      labelNames: [label],
      registers,
      collect() {
        for (const [value, number] of read()) this.set({ [label]: value }, number)
      },
    })
  count('ashlar_volumes', 'Volumes by state.', 'state', () =>
    tally(
      volumeStateKinds,
      [...mirror.volumes.values()].map(({ value }) => value.state.kind),
    ),
  )
  count('ashlar_attachments', 'Attachments by state.', 'state', () =>
    tally(
      attachmentStateKinds,
      [...mirror.attachments.values()].map(({ value }) => value.state.kind),
    ),
  )
  count('ashlar_nodes', 'Nodes by health.', 'health', () =>
    tally(nodeHealths, [...mirror.nodes.keys()].map(control.fleet.health)),
  )
  count('ashlar_placement_groups', 'Placement groups by state.', 'state', () =>
    tally(
      groupStates,
      [...mirror.placementGroups.values()].map(({ value }) => groupState(value, control.fleet)),
    ),
  )
  new Gauge({
    name: 'ashlar_control_sessions',
    help: 'Gateways that have a session with this process.',
    registers,
    collect() {
      this.set(control.fleet.sessions())
    },
  })
  new Gauge({
    name: 'ashlar_control_metadata_revision',
    help: 'The revision of the metadata store that this process has seen.',
    registers,
    collect() {
      this.set(mirror.revision())
    },
  })
  return registry
}

/** Times every request by its route, not its address: ids would make a series each. */
export function countRequests(api: FastifyInstance, registry: Registry): void {
  const labelNames = ['method', 'route', 'status'] as const
  const registers = [registry]
  const seconds = new Histogram({
    name: 'ashlar_control_request_seconds',
    help: 'How long requests of the REST API took.',
    labelNames: ['method', 'route'] as const,
    buckets: [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
    registers,
  })
  const requests = new Counter({
    name: 'ashlar_control_requests_total',
    help: 'Requests of the REST API by their answer.',
    labelNames,
    registers,
  })
  api.addHook('onResponse', async (request, reply) => {
    const { method } = request
    const route = request.routeOptions.url ?? 'unknown'
    requests.inc({ method, route, status: reply.statusCode })
    seconds.observe({ method, route }, reply.elapsedTime / 1000)
  })
}
