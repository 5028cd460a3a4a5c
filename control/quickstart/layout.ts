/**
 * The cell that the quick start and the cluster tests bring up: one control or several, a gateway
 * in each rack.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { type Copies, placementLimits } from '../../placement/topology.ts'

export interface Layout {
  /** Everything the cell keeps lies here. */
  readonly folder: string
  readonly address: string
  readonly apiPort: number
  readonly sessionPort: number
  /** Beside the first, whose ports these are above; only with etcd. */
  readonly otherControls?: readonly ControlLayout[]
  /** Where controls keep their metadata; without it the only one keeps it in its folder. */
  readonly etcdEndpoint?: string
  readonly gateways: readonly GatewayLayout[]
  readonly deviceBytes: number
  readonly extentBytes?: number
  /** Of a volume that does not say how many; without it three, or as many as there are racks. */
  readonly copies?: Copies
  /** More of control's configuration, section by section; for tests. */
  readonly control?: Readonly<Record<'cell' | 'repair', Readonly<Record<string, number>>>>
}

export interface ControlLayout {
  readonly name: string
  readonly apiPort: number
  readonly sessionPort: number
}

export interface GatewayLayout {
  readonly name: string
  readonly rack: string
  /** Its own, with a network namespace of its own; otherwise it shares the layout's. */
  readonly address?: string
  readonly namespace?: string
  readonly ioPort: number
  readonly discoveryPort: number
  /** Where the other gateways reach it. */
  readonly peerPort: number
  /** Where it gives its figures; without it, nowhere. */
  readonly metricsPort?: number
}

export interface ProcessFiles {
  readonly config: string
  readonly log: string
}

export function filesOf({ folder }: Layout, name: string): ProcessFiles {
  return { config: join(folder, `${name}.yaml`), log: join(folder, `${name}.log`) }
}

export function controlsOf({ apiPort, sessionPort, otherControls }: Layout): ControlLayout[] {
  return [{ name: 'control', apiPort, sessionPort }, ...(otherControls ?? [])]
}

export const addressOf = (layout: Pick<Layout, 'address'>, gateway: GatewayLayout): string =>
  gateway.address ?? layout.address

/** Writes every process's configuration into the cell's folder. */
export function writeConfigs(layout: Layout): void {
  mkdirSync(layout.folder, { recursive: true, mode: 0o700 })
  for (const control of controlsOf(layout))
    write(filesOf(layout, control.name).config, controlConfig(layout, control))
  for (const gateway of layout.gateways) {
    mkdirSync(join(layout.folder, gateway.name), { recursive: true, mode: 0o700 })
    write(filesOf(layout, gateway.name).config, gatewayConfig(layout, gateway))
  }
}

function write(path: string, config: unknown): void {
  writeFileSync(
    path,
    `# Written at each start; configs/README.md explains it.\n${stringify(config)}`,
  )
}

function controlConfig(layout: Layout, { apiPort, sessionPort }: ControlLayout) {
  const { folder, address, etcdEndpoint, extentBytes, gateways, control } = layout
  const racks = new Set(gateways.map(({ rack }) => rack)).size
  const copies = layout.copies ?? Math.min(placementLimits.copiesMax, racks)
  return {
    api: { address, port: apiPort },
    sessions: { address, port: sessionPort },
    metadata:
      etcdEndpoint === undefined
        ? { folder: join(folder, 'control') }
        : { etcd: { endpoints: [etcdEndpoint] } },
    ...control,
    cell: { copies, ...(extentBytes === undefined ? {} : { extentBytes }), ...control?.cell },
  }
}

function gatewayConfig(layout: Layout, gateway: GatewayLayout) {
  const { folder, deviceBytes, extentBytes } = layout
  const { name, rack, ioPort, discoveryPort, peerPort, metricsPort } = gateway
  const address = addressOf(layout, gateway)
  const addresses = controlsOf(layout).map(({ sessionPort }) => `${layout.address}:${sessionPort}`)
  return {
    stateFolder: join(folder, name),
    node: { name, rack },
    control: { addresses },
    hosts: { address, ioPort, discoveryPort },
    peer: { port: peerPort },
    ...(metricsPort === undefined ? {} : { metrics: { address, port: metricsPort } }),
    engine: {
      devices: [{ path: join(folder, name, 'disk'), bytes: deviceBytes }],
      ...(extentBytes === undefined ? {} : { extentBytes }),
    },
  }
}
