/** Placement groups as the API gives them. */
import { Type } from 'typebox'
import { groupStateMeanings, groupStates } from '../../groups/group-state.ts'
import { pageOf, pageQueryProperties, refTo, textOf } from './common.ts'

const nodeName = Type.String({ examples: ['n1'] })
const time = (description: string) => Type.String({ format: 'date-time', description })

export const placementGroupSchema = Type.Object(
  {
    number: Type.Integer({ minimum: 1 }),
    state: textOf(groupStates, groupStateMeanings),
    reason: Type.Optional(
      Type.String({ description: 'A sentence: why it is not healthy, or what it waits for.' }),
    ),
    epoch: Type.Integer({ minimum: 1, description: 'Grows with every change of its members.' }),
    change: Type.Optional(Type.String({ description: 'A sentence: why this epoch began.' })),
    copies: Type.Integer({ minimum: 1, maximum: 3, description: 'How many are wanted.' }),
    minInSync: Type.Integer({ minimum: 1, description: 'With fewer in sync, writes wait.' }),
    primary: nodeName,
    serving: Type.Boolean({ description: 'Whether its primary says that it serves.' }),
    waitingOperations: Type.Integer({
      minimum: 0,
      description: 'Parts of operations of hosts that wait, as far as members say.',
    }),
    members: Type.Array(
      Type.Object({
        node: nodeName,
        role: textOf(['in-sync', 'joining'] as const, 'joining: it has not everything yet.'),
        since: Type.Optional(time('When it took this role.')),
        leaving: Type.Boolean({ description: 'It goes when there are enough others in sync.' }),
      }),
    ),
    lost: Type.Array(Type.Object({ node: nodeName, since: time('When it was taken out.') }), {
      description: 'Members that may come back until others take their places.',
    }),
    progress: Type.Optional(
      Type.Object(
        {
          blocksLeft: Type.Integer({ minimum: 0, description: 'Of 4096 bytes.' }),
          bytesPerSecond: Type.Integer({ minimum: 0 }),
        },
        { description: 'Of members that join.' },
      ),
    ),
  },
  { $id: 'PlacementGroup' },
)

export type PlacementGroupBody = Type.Static<typeof placementGroupSchema>

export const placementGroupListSchema = pageOf(
  'PlacementGroupList',
  refTo<PlacementGroupBody>('PlacementGroup'),
)

export type PlacementGroupListBody = Type.Static<typeof placementGroupListSchema>

export const placementGroupQuerySchema = Type.Object(
  {
    ...pageQueryProperties,
    state: Type.Optional(textOf(groupStates, 'Only groups in this state.')),
    node: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 63,
        description: 'Only groups that this node is a member of.',
      }),
    ),
  },
  { additionalProperties: false },
)

export type PlacementGroupQuery = Type.Static<typeof placementGroupQuerySchema>
