/** Commits a step and says so in the log: the log tells a volume's life. */
import type { Control } from '../control.ts'
import type { Transaction } from '../metadata/metadata.ts'

/** False when others were faster: the step is decided anew on what they wrote. */
export async function commit(
  { store, log }: Pick<Control, 'store' | 'log'>,
  transaction: Transaction,
  subject: Readonly<Record<string, unknown>>,
  message: string,
): Promise<boolean> {
  const { succeeded } = await store.transact(transaction)
  if (succeeded) log.info(subject, message)
  return succeeded
}
