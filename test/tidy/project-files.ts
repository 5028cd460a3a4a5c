/** The project's own files as the tidy tests read them. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { findFiles } from '../support/find-files.ts'
import { root } from '../support/root.ts'

export const everything = findFiles('.', /^[^~]+$/)

export const nativeFiles = everything.filter((path) => /^native-rdma\/.*\.(cc|h)$/.test(path))
export const scriptFiles = everything.filter((path) => /\.(ts|mjs)$/.test(path))
export const documents = everything.filter((path) => path.endsWith('.md'))

/** Text that people wrote: not the lock file, not the fuzzers' inputs. */
export const textFiles = everything.filter(
  (path) => path !== 'package-lock.json' && !path.startsWith('test/native/corpus/'),
)
/** Text whose lines and length have limits. */
export const codeFiles = textFiles.filter((path) =>
  /(\.(cc|h|ts|mjs|sh|proto|cmake|yaml|service|rules)|CMakeLists\.txt|\.ci\/run)$/.test(path),
)

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** `path:line: what` for every line that breaks a rule. */
export function brokenLines(
  paths: readonly string[],
  fault: (line: string, path: string) => string | undefined,
): string[] {
  return paths.flatMap((path) =>
    read(path)
      .split('\n')
      .flatMap((line, index) => {
        const what = fault(line, path)
        return what === undefined ? [] : [`${path}:${index + 1}: ${what}`]
      }),
  )
}

/** Fails with the offenders, one a line. */
export function expectNone(offenders: readonly string[]): void {
  if (offenders.length > 0) throw new Error(`${offenders.length} found\n${offenders.join('\n')}`)
}
