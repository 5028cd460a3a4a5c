/** Engines and volumes for the tests of the addon. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Engine,
  type EngineEvent,
  type EngineOptions,
  type GroupConfig,
  openEngine,
  type VolumeConfig,
} from '../../native-rdma/index.js'

export const mebi = 1n << 20n
export const extentBlocks = 1024n
export const hostNqn = 'nqn.2014-08.org.nvmexpress:uuid:11111111-2222-4333-8444-555555555555'

export function engineOptions(changes: Partial<EngineOptions> = {}): EngineOptions {
  return {
    devices: [],
    reactors: 1,
    bufferBytes: 8n * mebi,
    extentBytes: extentBlocks * 4096n,
    segmentBytes: mebi,
    controllerIds: { first: 1, last: 1000 },
    firmwareRevision: 'test',
    onEvent: () => undefined,
    ...changes,
  }
}

export function openMemoryEngine(onEvent?: (event: EngineEvent) => void): Promise<Engine> {
  return openEngine(engineOptions(onEvent ? { onEvent } : {}))
}

let runs = 0

/** Makes the engine, alone in a cell, the only member of groups 0 to count - 1. */
export async function leadGroups(engine: Engine, count: number): Promise<void> {
  // No engine leads under an epoch that an earlier run of the same node may have led under.
  runs += 1
  await engine.joinCell({ cellId, nodeId: 1, incarnation: BigInt(runs) })
  await engine.setGroups(Array.from({ length: count }, (_, pg) => soleMember(pg, runs)))
}

export const cellId = new Uint8Array(16).fill(7)

export function soleMember(pg: number, epoch: number, nodeId = 1): GroupConfig {
  return { pg, epoch, primary: nodeId, minInSync: 1, members: [{ nodeId, role: 'in-sync' }] }
}

export function ramVolume(volumeId: bigint): Omit<VolumeConfig, 'extentMap' | 'fence'> {
  return {
    volumeId,
    uuid: new Uint8Array(16).fill(Number(volumeId)),
    subsystemNqn: `nqn.2024-01.test:volume${volumeId}`,
    serial: `serial${volumeId}`,
    model: 'Ashlar volume',
    blockCount: 1024n,
    allowedHosts: [hostNqn],
  }
}

export function volume(volumeId: bigint, extents: number, fence = 1n): VolumeConfig {
  const blockCount = BigInt(extents) * extentBlocks
  const extentMap = new Uint8Array(Uint32Array.from({ length: extents }, (_, pg) => pg).buffer)
  return { ...ramVolume(volumeId), blockCount, extentMap, fence }
}

export interface Folder {
  path(name: string): string
  remove(): void
}

export function makeFolder(): Folder {
  const folder = mkdtempSync(join(tmpdir(), 'ashlar-addon-'))
  return {
    path: (name) => join(folder, name),
    remove: () => rmSync(folder, { recursive: true }),
  }
}
