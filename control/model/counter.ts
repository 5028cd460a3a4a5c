/** Counters in the metadata store: numbers that are given once and never again. */
import type { MetadataStore } from '../metadata/metadata.ts'
import { defineRecord, putRecord, readRecord, unchanged } from './record.ts'

type CounterName = 'volume' | 'attachment' | 'placement-group' | 'controller-id' | 'node' | 'scrub'

const counterKind = defineRecord<{ readonly next: number }>('counter/', 1)

/** The next numbers, with what a transaction needs to take them: both happen, or neither. */
export async function takeNumbers(store: MetadataStore, name: CounterName, count = 1) {
  const stored = await readRecord(store, counterKind, name)
  const first = stored?.value.next ?? 1
  return {
    first,
    compare: stored ? unchanged(stored) : { key: counterKind.prefix + name, modRevision: 0 },
    operation: putRecord(counterKind, name, { next: first + count }),
  }
}
