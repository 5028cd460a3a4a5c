/** How the suite, and its child process, open a store on lmdb. */
import { openLmdbStore } from '../../../control/metadata/lmdb.ts'

export const open = async (path: string) => openLmdbStore({ path })
