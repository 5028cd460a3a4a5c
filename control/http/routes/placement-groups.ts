/** /v1/placement-groups, /v1/tasks and /v1/status */
import Type from 'typebox'
import type { Control } from '../../control.ts'
import { getPlacementGroup } from '../../use-cases/get-placement-group.ts'
import { getStatus } from '../../use-cases/get-status.ts'
import { listPlacementGroups } from '../../use-cases/list-placement-groups.ts'
import { listTasks } from '../../use-cases/list-tasks.ts'
import type { Api } from '../api.ts'
import { answer, problems, problemsOfQuery } from '../responses.ts'
import {
  type PlacementGroupBody,
  type PlacementGroupListBody,
  placementGroupQuerySchema,
} from '../schemas/placement-group.ts'
import type { StatusBody } from '../schemas/status.ts'
import type { TaskListBody } from '../schemas/task.ts'

const tags = ['placement groups']
const params = Type.Object({ number: Type.String({ examples: ['17'] }) })

export function placementGroupRoutes(api: Api, control: Control): void {
  api.get('/v1/placement-groups', { schema: listSchema }, (request) =>
    listPlacementGroups(control, request.query),
  )
  api.get('/v1/placement-groups/:number', { schema: getSchema }, (request) =>
    getPlacementGroup(control, request.params.number),
  )
  api.get('/v1/status', { schema: statusRouteSchema }, async () => getStatus(control))
  api.get('/v1/tasks', { schema: tasksSchema }, async () => listTasks(control))
}

const listSchema = {
  operationId: 'listPlacementGroups',
  tags,
  summary: 'List placement groups',
  description: 'By number. A placement group is a set of nodes that hold the same extents.',
  querystring: placementGroupQuerySchema,
  response: {
    200: answer<PlacementGroupListBody>('PlacementGroupList', 'A page of placement groups.'),
    ...problemsOfQuery(),
  },
}

const getSchema = {
  operationId: 'getPlacementGroup',
  tags,
  summary: 'Get a placement group',
  params,
  response: {
    200: answer<PlacementGroupBody>('PlacementGroup', 'The placement group.'),
    ...problems('PLACEMENT_GROUP_NOT_FOUND'),
  },
}

const statusRouteSchema = {
  operationId: 'getStatus',
  tags: ['operations'],
  summary: 'See the whole cell at a glance',
  description: 'Whether data is safe, what is not as it shall be, and how long repair takes.',
  response: { 200: answer<StatusBody>('Status', 'The cell as it is now.'), ...problems() },
}

const tasksSchema = {
  operationId: 'listTasks',
  tags,
  summary: 'List what the cell does by itself',
  description:
    'Repairs, drains and moves for balance, with how far they are and what they wait for.',
  response: {
    200: answer<TaskListBody>('TaskList', 'All tasks, the most urgent first.'),
    ...problems(),
  },
}
