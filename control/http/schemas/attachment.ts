/** Attachments as the API gives and takes them. */
import { Type } from 'typebox'
import { attachmentStateKinds } from '../../model/attachment.ts'
import { type Address, pageOf, pageQueryProperties, refTo, textOf } from './common.ts'
import { idOrName } from './volume.ts'

const hostNqn = Type.String({
  minLength: 1,
  maxLength: 223,
  description: "The host's NVMe qualified name, as /etc/nvme/hostnqn has it.",
  examples: ['nqn.2014-08.org.nvmexpress:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427'],
})

export const attachmentSchema = Type.Object(
  {
    id: Type.String({ examples: ['att-0000000000000001'] }),
    volumeId: Type.String({ examples: ['vol-0000000000000001'] }),
    volumeName: Type.String({ examples: ['db-1'] }),
    hostNqn,
    node: Type.String({ description: 'The node whose gateway serves the volume.' }),
    subsystemNqn: Type.String({ examples: ['nqn.2026-01.io.ashlar:vol-0000000000000001'] }),
    addresses: Type.Array(refTo<Address>('Address'), {
      description: 'Where the host connects to the volume.',
    }),
    discoveryAddresses: Type.Array(refTo<Address>('Address'), {
      description: 'Where `nvme discover` and `nvme connect-all` find it.',
    }),
    connectCommand: Type.String({
      description: 'To be run on the host, by root.',
      examples: [
        'nvme connect -t tcp -a 192.0.2.11 -s 4420 -n nqn.2026-01.io.ashlar:vol-0000000000000001 ' +
          '-q nqn.2014-08.org.nvmexpress:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca427 ' +
          '--ctrl-loss-tmo=-1 --reconnect-delay=2',
      ],
    }),
    state: textOf(
      attachmentStateKinds,
      'attaching: waits for the gateway. attached: the host can connect. detaching: waits for ' +
        'the gateway to have stopped serving it. error: see the reason; it is tried again.',
    ),
    reason: Type.Optional(
      Type.String({ description: 'A sentence: what it waits for, or what is wrong.' }),
    ),
    createdAt: Type.String({ format: 'date-time' }),
  },
  { $id: 'Attachment' },
)

export type AttachmentBody = Type.Static<typeof attachmentSchema>

export const attachmentCreateSchema = Type.Object(
  { volume: idOrName, hostNqn },
  { $id: 'AttachmentCreate', additionalProperties: false },
)

export type AttachmentCreateBody = Type.Static<typeof attachmentCreateSchema>

export const attachmentListSchema = pageOf('AttachmentList', refTo<AttachmentBody>('Attachment'))

export type AttachmentListBody = Type.Static<typeof attachmentListSchema>

export const attachmentListQuerySchema = Type.Object(
  {
    ...pageQueryProperties,
    volume: Type.Optional({ ...idOrName, description: 'Only those of this volume (id or name).' }),
    hostNqn: Type.Optional({ ...hostNqn, description: 'Only those of this host.' }),
    state: Type.Optional(textOf(attachmentStateKinds, 'Only those in this state.')),
  },
  { additionalProperties: false },
)

export type AttachmentListQuery = Type.Static<typeof attachmentListQuerySchema>
