/** Lists the files of a folder and all its subfolders, sorted, as paths relative to the root. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './root.ts'

/** What .gitignore leaves out, by name: what is built, fetched or measured. */
const skipped = new Set([
  'node_modules',
  'build',
  'data',
  'prebuilds',
  'coverage',
  'results',
  'kernel',
  '.git',
])

export function findFiles(folder: string, ending: RegExp): string[] {
  const absolute = join(root, folder)
  if (!existsSync(absolute)) return []
  const found: string[] = []
  for (const entry of readdirSync(absolute, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!skipped.has(entry.name)) found.push(...findFiles(path, ending))
    } else if (ending.test(entry.name)) {
      found.push(path)
    }
  }
  return found.sort()
}
