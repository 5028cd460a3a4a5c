/** Keys, revisions and operations as etcd's messages have them. */
import type { Compare, KeyValue, Operation } from '../metadata.ts'
import type { ICompare, IKeyValue, IRangeResponse, IRequestOp, IResponseOp } from './connection.ts'

export interface KeySpace {
  /** The key as etcd has it. */
  inside(key: string): Buffer
  outside(key: Buffer): string
  /** The first key that does not begin with `prefix` any more. */
  end(prefix: string): Buffer
}

/** Everything of one store lies under `root`. */
export function createKeySpace(root: string): KeySpace {
  const bytes = Buffer.byteLength(root)
  const inside = (key: string) => Buffer.from(root + key)
  return {
    inside,
    outside: (key) => key.subarray(bytes).toString(),
    end(prefix) {
      const end = inside(prefix)
      // UTF-8 has no byte 0xff, so that the last one can always be one more.
      const last = end.length - 1
      end[last] = (end[last] as number) + 1
      return end
    },
  }
}

export const toCompare = (keys: KeySpace, { key, modRevision }: Compare): ICompare => ({
  key: keys.inside(key),
  target: 'Mod',
  result: 'Equal',
  mod_revision: modRevision,
})

export function toRequest(keys: KeySpace, operation: Operation): IRequestOp {
  const key = keys.inside(operation.key)
  switch (operation.kind) {
    case 'get':
      return { request_range: { key } }
    case 'delete':
      return { request_delete_range: { key } }
    case 'put':
      return { request_put: { key, value: Buffer.from(operation.value), ...leaseOf(operation) } }
  }
}

const leaseOf = ({ lease = 0 }: { readonly lease?: number }) => (lease === 0 ? {} : { lease })

export function toKeyValue(keys: KeySpace, found: IKeyValue): KeyValue {
  return {
    key: keys.outside(found.key),
    value: found.value,
    createRevision: Number(found.create_revision),
    modRevision: Number(found.mod_revision),
    version: Number(found.version),
    lease: Number(found.lease),
  }
}

export const revisionOf = ({ header }: Pick<IRangeResponse, 'header'>): number =>
  Number(header.revision)

/** What the `get` operations of a branch found, in their order. */
export function toReads(
  keys: KeySpace,
  operations: readonly Operation[],
  responses: readonly IResponseOp[],
): (KeyValue | undefined)[] {
  return operations.flatMap(({ kind }, index) => {
    if (kind !== 'get') return []
    const [found] = responses[index]?.response_range.kvs ?? []
    return [found && toKeyValue(keys, found)]
  })
}
