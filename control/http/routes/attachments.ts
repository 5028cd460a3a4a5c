/** /v1/attachments */
import Type from 'typebox'
import type { Control } from '../../control.ts'
import { createAttachment } from '../../use-cases/create-attachment.ts'
import { deleteAttachment } from '../../use-cases/delete-attachment.ts'
import { getAttachment } from '../../use-cases/get-attachment.ts'
import { listAttachments } from '../../use-cases/list-attachments.ts'
import type { Api } from '../api.ts'
import { answer, problems, problemsOfBody, problemsOfQuery } from '../responses.ts'
import {
  type AttachmentBody,
  type AttachmentCreateBody,
  type AttachmentListBody,
  attachmentListQuerySchema,
} from '../schemas/attachment.ts'
import { idempotencyHeaders, refTo } from '../schemas/common.ts'

const tags = ['attachments']
const params = Type.Object({
  attachment: Type.String({
    description: "The attachment's id.",
    examples: ['att-0000000000000001'],
  }),
})

export function attachmentRoutes(api: Api, control: Control): void {
  api.post('/v1/attachments', { schema: createSchema }, async (request, reply) => {
    const key = request.headers['idempotency-key']
    const attachment = await createAttachment(control, request.body, key)
    return reply.code(201).header('location', `/v1/attachments/${attachment.id}`).send(attachment)
  })
  api.get('/v1/attachments', { schema: listSchema }, (request) =>
    listAttachments(control, request.query),
  )
  api.get('/v1/attachments/:attachment', { schema: getSchema }, (request) =>
    getAttachment(control, request.params.attachment),
  )
  api.delete('/v1/attachments/:attachment', { schema: deleteSchema }, async (request, reply) =>
    reply.code(202).send(await deleteAttachment(control, request.params.attachment)),
  )
}

const createSchema = {
  operationId: 'createAttachment',
  tags,
  summary: 'Attach a volume to a host',
  description:
    'The host can connect as soon as it is `attached`. A volume has one attachment at most.',
  headers: idempotencyHeaders,
  body: refTo<AttachmentCreateBody>('AttachmentCreate'),
  response: {
    201: answer<AttachmentBody>('Attachment', 'The new attachment.'),
    ...problemsOfBody(
      'VOLUME_NOT_FOUND',
      'VOLUME_IN_USE',
      'VOLUME_NOT_READY',
      'VOLUME_DELETING',
      'ATTACHMENT_DETACHING',
      'IDEMPOTENCY_KEY_REUSED',
    ),
  },
}

const listSchema = {
  operationId: 'listAttachments',
  tags,
  summary: 'List attachments',
  description: 'In the order they were made.',
  querystring: attachmentListQuerySchema,
  response: {
    200: answer<AttachmentListBody>('AttachmentList', 'A page of attachments.'),
    ...problemsOfQuery('VOLUME_NOT_FOUND'),
  },
}

const getSchema = {
  operationId: 'getAttachment',
  tags,
  summary: 'Get an attachment',
  params,
  response: {
    200: answer<AttachmentBody>('Attachment', 'The attachment.'),
    ...problems('ATTACHMENT_NOT_FOUND'),
  },
}

const deleteSchema = {
  operationId: 'deleteAttachment',
  tags,
  summary: 'Detach a volume from its host',
  description:
    'It is gone when its gateway has stopped serving the volume; deleting again does no harm.',
  params,
  response: {
    202: answer<AttachmentBody>('Attachment', 'The attachment, being detached.'),
    ...problems('ATTACHMENT_NOT_FOUND', 'CONFLICT'),
  },
}
