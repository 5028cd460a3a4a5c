/** /v1/volumes */
import Type from 'typebox'
import type { Control } from '../../control.ts'
import { createVolume } from '../../use-cases/create-volume.ts'
import { deleteVolume } from '../../use-cases/delete-volume.ts'
import { getVolume } from '../../use-cases/get-volume.ts'
import { listVolumes } from '../../use-cases/list-volumes.ts'
import { updateVolume } from '../../use-cases/update-volume.ts'
import type { Api } from '../api.ts'
import { answer, problems, problemsOfBody, problemsOfQuery } from '../responses.ts'
import { idempotencyHeaders, refTo } from '../schemas/common.ts'
import {
  type VolumeBody,
  type VolumeChangeBody,
  type VolumeCreateBody,
  type VolumeListBody,
  volumeListQuerySchema,
} from '../schemas/volume.ts'

const tags = ['volumes']
/** Any text: what is no volume is not found. */
const params = Type.Object({
  volume: Type.String({ description: "The volume's id or name.", examples: ['db-1'] }),
})

export function volumeRoutes(api: Api, control: Control): void {
  api.post('/v1/volumes', { schema: createSchema }, async (request, reply) => {
    const key = request.headers['idempotency-key']
    const volume = await createVolume(control, request.body, key)
    return reply.code(201).header('location', `/v1/volumes/${volume.id}`).send(volume)
  })
  api.get('/v1/volumes', { schema: listSchema }, (request) => listVolumes(control, request.query))
  api.get('/v1/volumes/:volume', { schema: getSchema }, (request) =>
    getVolume(control, request.params.volume),
  )
  api.patch('/v1/volumes/:volume', { schema: updateSchema }, (request) =>
    updateVolume(control, request.params.volume, request.body),
  )
  api.delete('/v1/volumes/:volume', { schema: deleteSchema }, async (request, reply) =>
    reply.code(202).send(await deleteVolume(control, request.params.volume)),
  )
}

const createSchema = {
  operationId: 'createVolume',
  tags,
  summary: 'Create a volume',
  description:
    'The volume is thin: it takes room as it is written. It is `available` in the answer when ' +
    'nodes that are alive have room for it. Without `copies` it has as many as the cell says.',
  headers: idempotencyHeaders,
  body: refTo<VolumeCreateBody>('VolumeCreate'),
  response: {
    201: answer<VolumeBody>('Volume', 'The new volume.'),
    ...problemsOfBody(
      'NAME_TAKEN',
      'NO_CAPACITY',
      'TOO_FEW_RACKS',
      'NO_NODES',
      'IDEMPOTENCY_KEY_REUSED',
    ),
  },
}

const listSchema = {
  operationId: 'listVolumes',
  tags,
  summary: 'List volumes',
  description: 'In the order they were made.',
  querystring: volumeListQuerySchema,
  response: {
    200: answer<VolumeListBody>('VolumeList', 'A page of volumes.'),
    ...problemsOfQuery(),
  },
}

const getSchema = {
  operationId: 'getVolume',
  tags,
  summary: 'Get a volume',
  params,
  response: { 200: answer<VolumeBody>('Volume', 'The volume.'), ...problems('VOLUME_NOT_FOUND') },
}

const updateSchema = {
  operationId: 'updateVolume',
  tags,
  summary: 'Rename, label or grow a volume',
  description:
    'All changes are made, or none. An attached host sees the new size without reconnecting.',
  params,
  body: refTo<VolumeChangeBody>('VolumeChange'),
  response: {
    200: answer<VolumeBody>('Volume', 'The volume as it is now.'),
    ...problemsOfBody(
      'VOLUME_NOT_FOUND',
      'NAME_TAKEN',
      'VOLUME_SHRINK',
      'VOLUME_DELETING',
      'NO_CAPACITY',
    ),
  },
}

const deleteSchema = {
  operationId: 'deleteVolume',
  tags,
  summary: 'Delete a volume and its data',
  description:
    'The volume is gone when all nodes that hold a part of it have forgotten its blocks; ' +
    'deleting again does no harm.',
  params,
  response: {
    202: answer<VolumeBody>('Volume', 'The volume, being deleted.'),
    ...problems('VOLUME_NOT_FOUND', 'VOLUME_IN_USE', 'ATTACHMENT_DETACHING', 'CONFLICT'),
  },
}
