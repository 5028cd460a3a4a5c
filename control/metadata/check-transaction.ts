/** What every store demands of a transaction; breaking it is a programmer's error. */
import {
  keyBytesMax,
  type Transaction,
  transactionOperationsMax,
  valueBytesMax,
} from './metadata.ts'

export function checkTransaction({ compare, success, failure = [] }: Transaction): void {
  for (const branch of [success, failure]) {
    if (compare.length + branch.length > transactionOperationsMax)
      throw new RangeError(`a transaction has at most ${transactionOperationsMax} operations`)
    const changed = new Set<string>()
    for (const operation of branch) {
      if (operation.key === '' || Buffer.byteLength(operation.key) > keyBytesMax)
        throw new RangeError(`a key has 1 to ${keyBytesMax} bytes`)
      if (operation.kind === 'put' && operation.value.length > valueBytesMax)
        throw new RangeError(`the value of ${operation.key} is over ${valueBytesMax} bytes`)
      if (operation.kind === 'get') continue
      if (changed.has(operation.key))
        throw new RangeError(`a transaction changes ${operation.key} twice`)
      changed.add(operation.key)
    }
  }
}
