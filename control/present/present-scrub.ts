/** The scrub of one device as the API shows it. */
import type { ScrubBody } from '../http/schemas/scrub.ts'
import { blockBytes } from '../model/cell.ts'
import type { Device } from '../model/node.ts'
import type { ScrubRequest } from '../model/scrub-request.ts'
import { scrubStateOf } from '../model/scrub-state.ts'

export function presentScrub(
  node: string,
  device: Device,
  request: ScrubRequest | undefined,
  reason: string | undefined,
): ScrubBody {
  const { path, storeId, scrub } = device
  const state = scrubStateOf(scrub, request)
  const begun = {
    node,
    device: path,
    storeId,
    state,
    ...(reason !== undefined && { reason }),
  }
  // A pass that waits has no figures yet; those of the one before would be taken for its own.
  if (!scrub || state === 'waiting')
    return {
      ...begun,
      request: request?.number ?? 0,
      bytesPerSecond: request?.bytesPerSecond ?? 0,
      percent: 0,
      readBytes: 0,
      totalBytes: 0,
      damagedBlocks: 0,
      ...timeOf('finishedAt', scrub?.finishedAtMs),
    }
  return {
    ...begun,
    request: scrub.request,
    bytesPerSecond: scrub.bytesPerSecond,
    percent: percentOf(state === 'finished', scrub.blocksRead, scrub.blocksTotal),
    readBytes: scrub.blocksRead * blockBytes,
    totalBytes: scrub.blocksTotal * blockBytes,
    damagedBlocks: scrub.blocksDamaged,
    ...timeOf('startedAt', scrub.startedAtMs),
    ...timeOf('endedAt', scrub.endedAtMs),
    ...timeOf('finishedAt', scrub.finishedAtMs),
  }
}

/** Blocks come and go meanwhile: only the end is 100. */
function percentOf(isFinished: boolean, read: number, total: number): number {
  if (isFinished) return 100
  return total === 0 ? 0 : Math.min(99, Math.floor((100 * read) / total))
}

const timeOf = <K extends string>(name: K, ms: number | undefined) =>
  (ms ? { [name]: new Date(ms).toISOString() } : {}) as Partial<Record<K, string>>
