/** What every use case, job and route works with. */
import type { Logger } from 'pino'
import type { MetadataStore } from './metadata/metadata.ts'
import type { CellSettings } from './model/cell.ts'
import type { Fleet } from './session/fleet.ts'

export interface Control {
  readonly store: MetadataStore
  readonly cell: CellSettings
  readonly fleet: Fleet
  readonly log: Logger
}
