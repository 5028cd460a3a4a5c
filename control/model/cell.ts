/** What the whole cell agrees on. The extent size is fixed when the cell is made. */
import { randomUUID } from 'node:crypto'
import type { Copies } from '../../placement/topology.ts'
import type { MetadataStore } from '../metadata/metadata.ts'
import { StartError } from '../start-error.ts'
import { absent, defineRecord, putRecord, readRecord } from './record.ts'

export interface CellSettings {
  readonly name: string
  readonly extentBytes: number
  readonly nqnPrefix: string
  /** Of a volume that does not say how many. */
  readonly copies: Copies
  readonly placementGroupsPerNode: number
  /** Over how many placement groups a volume's extents are spread. */
  readonly volumeWidth: number
  /** How much may be provisioned for each byte of capacity. */
  readonly overcommit: number
  readonly controllerIdsPerNode: number
}

export interface Cell extends CellSettings {
  /** Tells this cell from one that was made anew: a gateway stays with the cell it began in. */
  readonly id: string
}

interface CellRecord {
  readonly id: string
  readonly extentBytes: number
  readonly createdAt: string
}

const cellKind = defineRecord<CellRecord>('cell/', 1)

export const controllerIdMax = 0xffef
export const blockBytes = 4096
/** A map of 4 bytes per extent: 256 KiB, 64 TiB at 1 GiB per extent. */
export const extentsPerVolumeMax = 65_536

export const volumeBytesMax = (cell: CellSettings): number =>
  Math.min(2 ** 46, extentsPerVolumeMax * cell.extentBytes)

/** Makes the cell's record at the first start; later starts must agree with it. */
export async function openCell(store: MetadataStore, settings: CellSettings): Promise<Cell> {
  const record = {
    id: randomUUID(),
    extentBytes: settings.extentBytes,
    createdAt: new Date().toISOString(),
  }
  await store.transact({
    compare: [absent(`${cellKind.prefix}settings`)],
    success: [putRecord(cellKind, 'settings', record)],
  })
  const found = await readRecord(store, cellKind, 'settings')
  if (found?.value.extentBytes !== settings.extentBytes)
    throw new StartError(
      `cell.extentBytes is ${settings.extentBytes}, ` +
        `but the cell was made with ${found?.value.extentBytes}; set that again.`,
    )
  return { ...settings, id: found.value.id }
}
