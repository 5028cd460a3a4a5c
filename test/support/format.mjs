/** Formats every source file in place: Biome for TypeScript, clang-format for C++. */
import { globSync } from 'node:fs'
