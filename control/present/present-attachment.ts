/** An attachment as the API shows it: with where the host connects, and why it waits. */
import type { Control } from '../control.ts'
import type { AttachmentBody } from '../http/schemas/attachment.ts'
import type { Address } from '../http/schemas/common.ts'
import type { Attachment } from '../model/attachment.ts'
import { type Endpoint, nodeKind } from '../model/node.ts'
import { subsystemNqnOf } from '../model/nqn.ts'
import { readRecord } from '../model/record.ts'
import type { Volume } from '../model/volume.ts'
import { attachmentStep } from '../reconcile/attachment-step.ts'
import { connectCommand } from './connect-command.ts'

export const addressOf = ({ address, port }: Endpoint): Address => ({
  transport: 'tcp',
  address,
  port,
})

export async function presentAttachment(
  { store, cell, fleet }: Pick<Control, 'store' | 'cell' | 'fleet'>,
  attachment: Attachment,
  volume: Volume,
): Promise<AttachmentBody> {
  const node = await readRecord(store, nodeKind, attachment.node)
  if (!node) throw new Error(`node ${attachment.node} of ${attachment.id} has no record`)
  const subsystemNqn = subsystemNqnOf(cell.nqnPrefix, attachment.volumeId)
  const { io, discovery } = node.value
  const { hostNqn, state } = attachment
  const step = attachmentStep(attachment, volume, fleet)
  const reason =
    (step.kind === 'wait' ? step.reason : undefined) ??
    (state.kind === 'error' ? state.reason : undefined)
  return {
    id: attachment.id,
    volumeId: volume.id,
    volumeName: volume.name,
    hostNqn,
    node: attachment.node,
    subsystemNqn,
    addresses: [addressOf(io)],
    discoveryAddresses: [addressOf(discovery)],
    connectCommand: connectCommand({ ...io, subsystemNqn, hostNqn }),
    state: state.kind,
    ...(reason !== undefined && { reason }),
    createdAt: attachment.createdAt,
  }
}
