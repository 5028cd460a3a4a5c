/** /openapi.json (OpenAPI 3.1) and Swagger UI at /docs, which needs nothing from the internet. */
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import {
  attachmentCreateSchema,
  attachmentListSchema,
  attachmentSchema,
} from './schemas/attachment.ts'
import { addressSchema } from './schemas/common.ts'
import { nodeListSchema, nodeSchema, rackListSchema, rackSchema } from './schemas/node.ts'
import { placementGroupListSchema, placementGroupSchema } from './schemas/placement-group.ts'
import { problemSchema } from './schemas/problem.ts'
import { scrubCreateSchema, scrubListSchema, scrubSchema } from './schemas/scrub.ts'
import { statusSchema } from './schemas/status.ts'
import { taskListSchema, taskSchema } from './schemas/task.ts'
import {
  volumeChangeSchema,
  volumeCreateSchema,
  volumeListSchema,
  volumeSchema,
} from './schemas/volume.ts'

const components = [
  addressSchema,
  problemSchema,
  volumeSchema,
  volumeCreateSchema,
  volumeChangeSchema,
  volumeListSchema,
  attachmentSchema,
  attachmentCreateSchema,
  attachmentListSchema,
  nodeSchema,
  nodeListSchema,
  rackSchema,
  rackListSchema,
  scrubSchema,
  scrubCreateSchema,
  scrubListSchema,
  placementGroupSchema,
  placementGroupListSchema,
  taskSchema,
  taskListSchema,
  statusSchema,
]

const docsCsp = {
  'default-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'style-src': ["'self'", "'unsafe-inline'"],
  'base-uri': ["'none'"],
  'form-action': ["'self'"],
  'frame-ancestors': ["'none'"],
  'object-src': ["'none'"],
}

export async function describeApi(api: FastifyInstance, version: string): Promise<void> {
  for (const schema of components) api.addSchema(schema)
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Ashlar control API',
        version,
        description:
          'Volumes that a Linux host attaches with `nvme connect`. Every error is a problem ' +
          '(RFC 9457) with a `code` to match on.',
      },
      servers: [{ url: '/' }],
      tags: [
        { name: 'volumes', description: 'What users provision.' },
        { name: 'attachments', description: "Hosts' rights to use volumes." },
        { name: 'nodes', description: 'Machines with disks, and the racks they stand in.' },
        { name: 'placement groups', description: 'Sets of nodes that hold the same extents.' },
        { name: 'scrubs', description: 'Reading every live block, to find damage in time.' },
        { name: 'operations', description: 'For who runs control.' },
      ],
    },
    refResolver: { buildLocalReference: (json) => String(json['$id']) },
  })
  await api.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: docsCsp,
    uiConfig: { displayRequestDuration: true, tryItOutEnabled: true },
  })
}
