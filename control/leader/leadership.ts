/**
 * Which of the control processes decides for the cell: it alone has sessions and reconciles.
 *
 * Who was deposed may not know it yet. So every write that a leader makes as one carries the fence,
 * a comparison that holds only while its leadership is the one that is written down.
 */
import type { Compare } from '../metadata/metadata.ts'

export interface Leadership {
  /** This process leads, as far as it can know. */
  leads(): boolean
  /** What a leader's writes compare with; undefined: nobody else can lead, or it does not lead. */
  fence(): Compare | undefined
  /** Where the API of the leader is, as a URL; undefined while nobody is known to lead. */
  leaderApi(): string | undefined
  /** Called when this process begins to lead, and when it ends. */
  onChange(listener: () => void): void
}

/** Of the only control process there can be: its metadata store is its own. */
export const alwaysLeads: Leadership = {
  leads: () => true,
  fence: () => undefined,
  leaderApi: () => undefined,
  onChange: () => {},
}
