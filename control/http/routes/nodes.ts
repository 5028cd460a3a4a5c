/** /v1/nodes and /v1/racks */
import Type from 'typebox'
import type { Control } from '../../control.ts'
import { drainNode } from '../../use-cases/drain-node.ts'
import { getNode } from '../../use-cases/get-node.ts'
import { listNodes } from '../../use-cases/list-nodes.ts'
import { listRacks } from '../../use-cases/list-racks.ts'
import type { Api } from '../api.ts'
import { answer, problems, problemsOfQuery } from '../responses.ts'
import {
  type NodeBody,
  type NodeListBody,
  nodeListQuerySchema,
  type RackListBody,
} from '../schemas/node.ts'

const tags = ['nodes']
const params = Type.Object({ node: Type.String({ examples: ['n1'] }) })

export function nodeRoutes(api: Api, control: Control): void {
  api.get('/v1/nodes', { schema: listSchema }, (request) => listNodes(control, request.query))
  api.get('/v1/nodes/:node', { schema: getSchema }, (request) =>
    getNode(control, request.params.node),
  )
  api.post('/v1/nodes/:node/drain', { schema: drainSchema }, async (request, reply) =>
    reply.code(202).send(await drainNode(control, request.params.node, true)),
  )
  api.post('/v1/nodes/:node/undrain', { schema: undrainSchema }, async (request, reply) =>
    reply.code(202).send(await drainNode(control, request.params.node, false)),
  )
  api.get('/v1/racks', { schema: racksSchema }, () => listRacks(control))
}

const listSchema = {
  operationId: 'listNodes',
  tags,
  summary: 'List nodes',
  description: 'By name. A node is known from when its gateway first came.',
  querystring: nodeListQuerySchema,
  response: { 200: answer<NodeListBody>('NodeList', 'A page of nodes.'), ...problemsOfQuery() },
}

const getSchema = {
  operationId: 'getNode',
  tags,
  summary: 'Get a node',
  params,
  response: { 200: answer<NodeBody>('Node', 'The node.'), ...problems('NODE_NOT_FOUND') },
}

const drainAnswers = {
  202: answer<NodeBody>('Node', 'The node.'),
  ...problems('NODE_NOT_FOUND', 'CONFLICT'),
}

const drainSchema = {
  operationId: 'drainNode',
  tags,
  summary: 'Empty a node',
  description:
    'Its placement groups move to other nodes, each when another one has all of it; the node ' +
    'serves meanwhile, and nothing new is placed there. GET /v1/tasks shows how far it is.',
  params,
  response: drainAnswers,
}

const undrainSchema = {
  operationId: 'undrainNode',
  tags,
  summary: 'Take a node back that is emptied',
  description: 'What has begun to move goes to its end; what has moved may come back for balance.',
  params,
  response: drainAnswers,
}

const racksSchema = {
  operationId: 'listRacks',
  tags,
  summary: 'List racks',
  description: 'By name, each with the sums of its nodes.',
  response: { 200: answer<RackListBody>('RackList', 'All racks.'), ...problems() },
}
