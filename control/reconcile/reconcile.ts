/**
 * Brings what is desired and what gateways observe together, one step per volume and attachment a
 * turn. Only the leader does.
 *
 * It runs soon after either changed, and every second for what only time changes. A step that fails
 * or comes too late is decided anew in a later turn.
 */
import type { Control } from '../control.ts'
import type { Mirror } from '../model/mirror.ts'
import { createPacer } from '../pacer.ts'
import { growPools } from '../pools/grow-pools.ts'
import { applyAttachmentStep } from './apply-attachment-step.ts'
import { applyVolumeStep } from './apply-volume-step.ts'

export interface Reconcile {
  /** Resolves when the turn that runs has ended. */
  close(): Promise<void>
}

const soonMs = 5
const intervalMs = 1000
/** Steps that change something, in one turn: the rest waits for the next. */
const changesPerTurnMax = 256

export function startReconcile(control: Control, mirror: Mirror): Reconcile {
  const pacer = createPacer(() => reconcileTurn(control, mirror), { soonMs, intervalMs })
  mirror.onChange(pacer.soon)
  control.fleet.onChange(pacer.soon)
  control.leadership.onChange(pacer.soon)
  pacer.soon()
  return pacer
}

async function reconcileTurn(control: Control, mirror: Mirror): Promise<void> {
  if (!control.leadership.leads()) return
  let changes = 0
  const step = async (subject: string, apply: () => Promise<boolean>) => {
    try {
      if (await apply()) changes++
    } catch (error) {
      control.log.error(error, `reconciling ${subject} failed; it is tried again`)
    }
  }
  await step('the pools of placement groups', () => growPools(control))
  for (const stored of [...mirror.attachments.values()]) {
    if (changes >= changesPerTurnMax || !control.leadership.leads()) return
    const volume = mirror.volumes.get(stored.value.volumeId)
    if (volume) await step(stored.key, () => applyAttachmentStep(control, stored, volume))
  }
  for (const stored of [...mirror.volumes.values()]) {
    if (changes >= changesPerTurnMax || !control.leadership.leads()) return
    await step(stored.key, () => applyVolumeStep(control, stored))
  }
}
