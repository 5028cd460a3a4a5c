/** Scrubs as the API gives and takes them. */
import { Type } from 'typebox'
import { scrubStates } from '../../model/scrub-state.ts'
import { refTo, textOf } from './common.ts'

const bytes = (description: string) => Type.Integer({ minimum: 0, description })
const time = (description: string) =>
  Type.Optional(Type.String({ format: 'date-time', description }))
const rateMax = 2 ** 40
export const rateDefault = 64 * 2 ** 20

export const scrubSchema = Type.Object(
  {
    node: Type.String({ examples: ['n1'] }),
    device: Type.String({ examples: ['/var/lib/ashlar/disk-0'] }),
    storeId: Type.String(),
    state: textOf(
      scrubStates,
      'never: there was none. waiting: asked for, and not begun. running. finished: everything ' +
        'was read. stopped: on request. failed: the device ' +
        'did not give its blocks. unknown: its gateway has not said so yet.',
    ),
    reason: Type.Optional(
      Type.String({ description: "A sentence: why the node's gateway does not go on." }),
    ),
    request: Type.Integer({
      minimum: 0,
      description: 'The number of the request that this pass answers; 0: begun on schedule.',
    }),
    bytesPerSecond: bytes('How fast it reads at most; 0: without a limit.'),
    percent: Type.Integer({ minimum: 0, maximum: 100 }),
    readBytes: bytes('Of live blocks, read by this pass.'),
    totalBytes: bytes('Of live blocks, when it began.'),
    damagedBlocks: Type.Integer({
      minimum: 0,
      description: 'Found by this pass; the log of control names each with its volume.',
    }),
    startedAt: time('When this pass began.'),
    endedAt: time('When it ended, however.'),
    finishedAt: time('When a pass last read everything.'),
  },
  { $id: 'Scrub' },
)

export type ScrubBody = Type.Static<typeof scrubSchema>

export const scrubListSchema = Type.Object(
  { items: Type.Array(refTo<ScrubBody>('Scrub')) },
  { $id: 'ScrubList' },
)

export type ScrubListBody = Type.Static<typeof scrubListSchema>

const node = Type.String({
  minLength: 1,
  maxLength: 63,
  description: 'Only the devices of this node; without it, those of every node.',
  examples: ['n1'],
})

export const scrubCreateSchema = Type.Object(
  {
    node: Type.Optional(node),
    bytesPerSecond: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: rateMax,
        default: rateDefault,
        description: 'How fast each device is read at most; 0: without a limit.',
      }),
    ),
  },
  { $id: 'ScrubCreate', additionalProperties: false },
)

export type ScrubCreateBody = Type.Static<typeof scrubCreateSchema>

export const scrubQuerySchema = Type.Object(
  { node: Type.Optional(node) },
  { additionalProperties: false },
)

export type ScrubQuery = Type.Static<typeof scrubQuerySchema>
