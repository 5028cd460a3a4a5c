/** What every use case, job and route works with. */
import type { Logger } from 'pino'
import type { GroupNotes } from './groups/group-notes.ts'
import type { InTurn } from './in-turn.ts'
import type { Leadership } from './leader/leadership.ts'
import type { MetadataStore } from './metadata/metadata.ts'
import type { Cell } from './model/cell.ts'
import type { Mirror } from './model/mirror.ts'
import type { Fleet } from './session/fleet.ts'

export interface Control {
  readonly store: MetadataStore
  readonly cell: Cell
  readonly fleet: Fleet
  /** The cell as last read, for what may be a moment behind. */
  readonly mirror: Mirror
  readonly groupNotes: GroupNotes
  readonly leadership: Leadership
  readonly log: Logger
  /** For work that would otherwise compare-and-swap against itself, on counters above all. */
  readonly inTurn: InTurn
}
