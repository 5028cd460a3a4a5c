/** The whole cell at a glance, as the API gives it. */
import { Type } from 'typebox'
import { refTo, textOf } from './common.ts'
import type { TaskBody } from './task.ts'

export const cellHealths = ['healthy', 'degraded', 'unavailable'] as const

const counts = (description: string) =>
  Type.Record(Type.String(), Type.Integer({ minimum: 0 }), { description })
const bytes = (description: string) => Type.Integer({ minimum: 0, description })

export const statusSchema = Type.Object(
  {
    cell: Type.String({ examples: ['main'] }),
    cellId: Type.String(),
    health: textOf(
      cellHealths,
      'healthy: all is as it shall be. degraded: data is there, with fewer copies than wanted, ' +
        'or nodes are away. unavailable: some data is not served, or not written.',
    ),
    summary: Type.String({ description: 'A sentence: whether data is safe.' }),
    problems: Type.Array(Type.String(), { description: 'Sentences: what is not as it shall be.' }),
    nodes: counts('By health.'),
    drainingNodes: Type.Array(Type.String()),
    volumes: counts('By state.'),
    attachments: counts('By state.'),
    placementGroups: counts('By state.'),
    capacityBytes: bytes('Of all devices that work.'),
    usedBytes: bytes('What is written on them.'),
    tasks: Type.Array(refTo<TaskBody>('Task')),
    estimatedEndAt: Type.Optional(
      Type.String({
        format: 'date-time',
        description: 'When copies are whole, at the present rate.',
      }),
    ),
  },
  { $id: 'Status' },
)

export type StatusBody = Type.Static<typeof statusSchema>
