/**
 * The cell that the quick start and the cluster tests bring up: one control, a gateway in each
 * rack.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'

export interface Layout {
  /** Everything the cell keeps lies here. */
  readonly folder: string
  readonly address: string
  readonly apiPort: number
  readonly sessionPort: number
  readonly gateways: readonly GatewayLayout[]
  readonly deviceBytes: number
  readonly extentBytes?: number
}

export interface GatewayLayout {
  readonly name: string
  readonly rack: string
  readonly ioPort: number
  readonly discoveryPort: number
}

export interface ProcessFiles {
  readonly config: string
  readonly log: string
}

export function filesOf({ folder }: Layout, name: string): ProcessFiles {
  return { config: join(folder, `${name}.yaml`), log: join(folder, `${name}.log`) }
}

/** Writes every process's configuration into the cell's folder. */
export function writeConfigs(layout: Layout): void {
  mkdirSync(layout.folder, { recursive: true, mode: 0o700 })
  write(filesOf(layout, 'control').config, controlConfig(layout))
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

function controlConfig({ folder, address, apiPort, sessionPort, extentBytes }: Layout) {
  return {
    api: { address, port: apiPort },
    sessions: { address, port: sessionPort },
    metadata: { folder: join(folder, 'control') },
    ...(extentBytes === undefined ? {} : { cell: { extentBytes } }),
  }
}

function gatewayConfig(layout: Layout, { name, rack, ioPort, discoveryPort }: GatewayLayout) {
  const { folder, address, sessionPort, deviceBytes, extentBytes } = layout
  return {
    stateFolder: join(folder, name),
    node: { name, rack },
    control: { addresses: [`${address}:${sessionPort}`] },
    hosts: { address, ioPort, discoveryPort },
    engine: {
      devices: [{ path: join(folder, name, 'disk'), bytes: deviceBytes }],
      ...(extentBytes === undefined ? {} : { extentBytes }),
    },
  }
}
