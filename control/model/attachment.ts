/**
 * An attachment: one host's right to use one volume. A volume has one at most, so it has one
 * writer.
 */
import { defineRecord } from './record.ts'

/**
 *   attaching ◀──▶ attached
 *     │   ▲           │
 *     │   └─▶ error ◀─┤
 *     ▼         ▼     ▼
 *     └───▶ detaching ──▶ (gone)
 */
export type AttachmentState =
  /** Waits for the gateway to serve the volume. */
  | { readonly kind: 'attaching' }
  | { readonly kind: 'attached' }
  /** Waits for the gateway to have stopped serving it. */
  | { readonly kind: 'detaching' }
  /** The gateway cannot serve it, and says why; it keeps trying. */
  | { readonly kind: 'error'; readonly reason: string }

export type AttachmentStateKind = AttachmentState['kind']
export const attachmentStateKinds: readonly AttachmentStateKind[] = [
  'attaching',
  'attached',
  'detaching',
  'error',
]

const moves: Record<AttachmentStateKind, readonly AttachmentStateKind[]> = {
  attaching: ['attached', 'error', 'detaching'],
  attached: ['attaching', 'error', 'detaching'],
  error: ['attaching', 'attached', 'error', 'detaching'],
  detaching: [],
}

export const mayMoveAttachment = (from: AttachmentStateKind, to: AttachmentStateKind): boolean =>
  moves[from].includes(to)

export interface Attachment {
  /** `att-` and 16 hex digits. */
  readonly id: string
  readonly volumeId: string
  readonly hostNqn: string
  /** The gateway that serves the volume to the host. */
  readonly node: string
  readonly fence: number
  /** It has been attached: hosts may find it by discovery from then on, until it is detached. */
  readonly discoverable: boolean
  readonly state: AttachmentState
  readonly createdAt: string
}

export const attachmentKind = defineRecord<Attachment>('attachment/', 1)

const idPattern = /^att-[0-9a-f]{16}$/
export const isAttachmentId = (text: string): boolean => idPattern.test(text)
export const attachmentIdOf = (number: number): string =>
  `att-${number.toString(16).padStart(16, '0')}`

export function moveAttachment(attachment: Attachment, state: AttachmentState): Attachment {
  if (!mayMoveAttachment(attachment.state.kind, state.kind))
    throw new Error(
      `attachment ${attachment.id} cannot move from ${attachment.state.kind} to ${state.kind}`,
    )
  return { ...attachment, state }
}
