/** What every error answers with: RFC 9457 problem details, with a code of the catalogue. */
import { Type } from 'typebox'
import { type ErrorCode, errorCatalogue } from '../../errors.ts'
import { textOf } from './common.ts'

const codes = Object.keys(errorCatalogue) as ErrorCode[]

const pointer = Type.String({
  description: 'JSON pointer (RFC 6901) to the field of the body or query that is at fault.',
  examples: ['/sizeBytes'],
})

export const problemSchema = Type.Object(
  {
    type: Type.String({
      description: 'Names the kind of problem: `urn:ashlar:problem:` and the code.',
      examples: ['urn:ashlar:problem:INVALID_FIELD'],
    }),
    title: Type.String({ description: 'The same for every problem of this code.' }),
    status: Type.Integer({ description: 'The HTTP status.' }),
    code: textOf(codes, 'Match on this.'),
    detail: Type.String({
      description: 'A sentence for a person about this very case.',
      examples: ['sizeBytes has to be a multiple of 4096.'],
    }),
    retryable: Type.Boolean({ description: 'The same request may succeed later.' }),
    pointer: Type.Optional(pointer),
    errors: Type.Optional(
      Type.Array(Type.Object({ pointer, detail: Type.String() }), {
        description: 'Every fault of the request, when it has more than one.',
      }),
    ),
    requestId: Type.String({ description: "Finds the request in control's log." }),
  },
  { $id: 'Problem', description: 'RFC 9457 problem details.' },
)

export type ProblemBody = Type.Static<typeof problemSchema>

export const problemMediaType = 'application/problem+json'
