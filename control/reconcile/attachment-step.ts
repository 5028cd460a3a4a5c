/** Compares an attachment with what its gateway says of the volume. */
import type { VolumeObserved } from '../contract/messages.ts'
import type { Attachment, AttachmentState } from '../model/attachment.ts'
import type { Volume } from '../model/volume.ts'
import type { Fleet } from '../session/fleet.ts'
import { goneFault, silence } from './node-fault.ts'
import { type Step, wait } from './step.ts'

export function attachmentStep(
  attachment: Attachment,
  volume: Pick<Volume, 'number' | 'state'>,
  fleet: Fleet,
  /** The revision at which the attachment came to be as it is. */
  modRevision = 0,
): Step<AttachmentState> {
  const { node, state } = attachment
  const silent = silence(fleet, node)
  const observed = fleet.view(node)?.observed
  const seen = observed?.volumes.get(volume.number)
  if (state.kind === 'detaching') {
    if (silent) return wait(silent)
    const takenIn = observed !== undefined && observed.revision >= modRevision
    return detachingStep(node, seen, takenIn)
  }
  // A gateway whose disk has failed serves on what has copies elsewhere.
  const fault =
    goneFault(fleet, node) ?? (volume.state.kind === 'error' ? volume.state.reason : undefined)
  if (fault !== undefined) return fail(state, fault)
  if (silent) return wait(silent)
  if (seen?.state === 'FAILED') return fail(state, `Node ${node}: ${seen.reason}`)
  if (seen?.state === 'ATTACHED' && seen.fence === attachment.fence)
    return state.kind === 'attached' ? wait() : { kind: 'move', to: { kind: 'attached' } }
  return state.kind === 'attaching'
    ? wait(`Waits for node ${node} to serve the volume.`)
    : { kind: 'move', to: { kind: 'attaching' } }
}

function detachingStep(
  node: string,
  seen: VolumeObserved | undefined,
  takenIn: boolean,
): Step<AttachmentState> {
  if (seen?.state === 'FAILED') return wait(`Node ${node} cannot stop serving it: ${seen.reason}`)
  if (!takenIn || seen?.state === 'ATTACHED')
    return wait(`Waits for node ${node} to stop serving the volume.`)
  return { kind: 'remove' }
}

function fail(state: AttachmentState, reason: string): Step<AttachmentState> {
  if (state.kind === 'error' && state.reason === reason) return wait()
  return { kind: 'move', to: { kind: 'error', reason } }
}
