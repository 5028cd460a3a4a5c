import type { CellOptions } from './run-cell.ts'

export const usage: string
export function readOptions(args: readonly string[]): CellOptions & { readonly help: boolean }
