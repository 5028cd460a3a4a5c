/**
 * Takes in the desired states that control sends: the newest wins, is saved, and is then applied.
 *
 * Saved first: a gateway that stopped serving a volume because it was told to must not begin again
 * after a crash because it has forgotten that it was told.
 */
import { isDeepStrictEqual } from 'node:util'
import type { Logger } from 'pino'
import type { Desired } from '../control/contract/messages.ts'

export interface DesiredInbox {
  /** False: it is older than what was taken, and is passed over. */
  take(desired: Desired): boolean
  /** Hands over what there is, and from now on all that comes; resolves after the first. */
  deliverTo(apply: (desired: Desired) => void): Promise<void>
  /** The revision handed over last; undefined before the first. */
  revision(): number | undefined
  close(): void
}

export interface DesiredInboxOptions {
  readonly saved: Desired | undefined
  save(desired: Desired): Promise<void>
  /** Called with a sentence when saving fails; it is tried again. */
  failed(sentence: string): void
  readonly log: Logger
  readonly retryMs?: number
}

export function createDesiredInbox(options: DesiredInboxOptions): DesiredInbox {
  const { save, failed, log, retryMs = 5000 } = options
  let durable = options.saved
  let taken = durable?.revision ?? 0
  let newest: Desired | undefined
  let apply: ((desired: Desired) => void) | undefined
  let revision: number | undefined
  let saving = false
  let timer: NodeJS.Timeout | undefined
  let closed = false

  const deliver = () => {
    if (!apply || !durable) return
    revision = durable.revision
    apply(durable)
  }

  const saveNewest = async () => {
    clearTimeout(timer)
    if (saving) return
    saving = true
    while (newest && !closed) {
      const desired = newest
      newest = undefined
      try {
        if (!isSame(desired, durable)) await save(desired)
      } catch (error) {
        newest ??= desired
        failed(
          `What control wants cannot be saved: ${(error as Error).message.replace(/\.$/, '')}.`,
        )
        if (!closed) timer = setTimeout(saveNewest, retryMs)
        break
      }
      durable = desired
      deliver()
    }
    saving = false
  }

  return {
    take(desired) {
      const { revision: sent } = desired
      if (sent < taken) {
        log.warn(`control sent revision ${sent}, older than ${taken}: ignored`)
        return false
      }
      taken = sent
      newest = desired
      void saveNewest()
      return true
    },
    deliverTo(applyDesired) {
      return new Promise((resolve) => {
        apply = (desired) => {
          applyDesired(desired)
          resolve()
        }
        deliver()
      })
    },
    revision: () => revision,
    close() {
      closed = true
      clearTimeout(timer)
    },
  }
}

/** Revisions count every change of the cell; most change nothing for one gateway. */
function isSame(one: Desired, other: Desired | undefined): boolean {
  return (
    other !== undefined && isDeepStrictEqual({ ...one, revision: 0 }, { ...other, revision: 0 })
  )
}
