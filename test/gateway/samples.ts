/** Messages and settings that tests begin with and change. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { loadConfig } from '../../configs/load-config.ts'
import type {
  Desired,
  GroupDesired,
  PeerDesired,
  VolumeDesired,
} from '../../control/contract/messages.ts'
import { type GatewayConfig, gatewayConfigSchema } from '../../gateway/config.ts'

export const quiet = pino({ level: 'silent' })
export const extentBytes = 2 ** 30

const folders: string[] = []
process.once('exit', () => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

/** A folder that goes when the test's process ends. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-gateway-'))
  folders.push(folder)
  return folder
}

export function sampleVolume(volumeId: number, change: Partial<VolumeDesired> = {}): VolumeDesired {
  return {
    volumeId,
    uuid: Buffer.alloc(16, volumeId),
    subsystemNqn: `nqn.2026-01.io.ashlar:vol-${volumeId}`,
    serial: `vol-${volumeId}`,
    model: 'Ashlar Volume',
    blockCount: 1024,
    extentMap: Buffer.from([1, 0, 0, 0]),
    fence: 1,
    allowedHosts: ['nqn.2014-08.org.nvmexpress:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427'],
    ...change,
  }
}

/** Of nodes 4 and 7, led by 4. */
export function sampleGroup(number: number, change: Partial<GroupDesired> = {}): GroupDesired {
  return {
    number,
    epoch: 1,
    primary: 4,
    minInSync: 1,
    members: [
      { node: 4, role: 'IN_SYNC' },
      { node: 7, role: 'JOINING' },
    ],
    ...change,
  }
}

export function samplePeer(node: number): PeerDesired {
  return { node, endpoint: { address: `192.0.2.${node}`, port: 7482 }, name: `n${node}` }
}

export function sampleDesired(revision: number, change: Partial<Desired> = {}): Desired {
  return {
    revision,
    volumes: [],
    deletedVolumeIds: [],
    discovery: [],
    scrub: null,
    groups: [],
    peers: [],
    ...change,
  }
}

export function sampleConfig(change: Record<string, unknown> = {}): GatewayConfig {
  const overrides = {
    stateFolder: makeFolder(),
    node: { name: 'n1', rack: 'r1' },
    control: { addresses: ['127.0.0.1:1'] },
    engine: { devices: [{ path: '/dev/null' }] },
    ...change,
  }
  return loadConfig(gatewayConfigSchema, { overrides })
}
