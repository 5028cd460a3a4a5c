/** What the cell is doing by itself, as the API gives it. */
import { Type } from 'typebox'
import { refTo, textOf } from './common.ts'

export const taskKinds = ['repair', 'drain', 'rebalance'] as const

export const taskSchema = Type.Object(
  {
    id: Type.String({ examples: ['repair-n3', 'drain-n2', 'rebalance'] }),
    kind: textOf(
      taskKinds,
      'repair: copies that were lost are made again. drain: a node is emptied. ' +
        'rebalance: nodes come to hold alike.',
    ),
    node: Type.Optional(
      Type.String({ description: 'Whose copies were lost, or which is emptied.' }),
    ),
    state: textOf(['running', 'waiting'] as const, 'waiting: nothing of it goes on now.'),
    reason: Type.String({ description: 'A sentence: why there is this task.' }),
    waitsFor: Type.Optional(
      Type.String({ description: 'A sentence: what the groups that wait are waiting for.' }),
    ),
    groupsLeft: Type.Integer({ minimum: 0, description: 'Placement groups still to be done.' }),
    groupsRunning: Type.Integer({ minimum: 0, description: 'Of those, the ones being filled.' }),
    blocksLeft: Type.Integer({
      minimum: 0,
      description: 'Blocks of 4096 bytes still to be copied; estimated where it has not begun.',
    }),
    bytesPerSecond: Type.Integer({ minimum: 0 }),
    estimatedEndAt: Type.Optional(
      Type.String({ format: 'date-time', description: 'At the present rate.' }),
    ),
  },
  { $id: 'Task' },
)

export type TaskBody = Type.Static<typeof taskSchema>

export const taskListSchema = Type.Object(
  { items: Type.Array(refTo<TaskBody>('Task')) },
  { $id: 'TaskList' },
)

export type TaskListBody = Type.Static<typeof taskListSchema>
