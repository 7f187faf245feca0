/** Files by a shell's pattern. Node has no glob(3) before its version 22. */
import { readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { codeOf } from '../../../platform/errors.ts'

const WILDCARD = /[*?[]/

/**
 * The files that a pattern names, in the order of their names, as glob(3) does with GLOB_BRACE: `*`, `?`, `[a-z]` and
 * `{a,b}`; a name that begins with a dot is meant by a pattern that begins with one. Directories are left out.
 * @param from where a relative pattern begins
 * @throws the error of a directory that may not be read
 */
export function filesBy(pattern: string, from: string): string[] {
  return bracesExpanded(pattern).flatMap((each) => pathsBy(resolve(from, each)).filter(isFile))
}

/** `a{b,c{d,e}}` is `ab`, `acd` and `ace`. */
function bracesExpanded(pattern: string): string[] {
  const innermost = /^(.*?)\{([^{}]*,[^{}]*)\}(.*)$/s.exec(pattern)
  if (!innermost) return [pattern]
  const [, before = '', alternatives = '', after = ''] = innermost
  const expanded = alternatives.split(',').flatMap((each) => bracesExpanded(before + each + after))
  return [...new Set(expanded)]
}

function pathsBy(pattern: string): string[] {
  if (!WILDCARD.test(pattern)) return [pattern]
  const parent = dirname(pattern)
  const name = nameMatcher(pattern.slice(parent === '/' ? 1 : parent.length + 1))
  return pathsBy(parent).flatMap((directory) =>
    namesIn(directory)
      .filter((each) => name.test(each))
      .map((each) => join(directory, each)),
  )
}

function nameMatcher(pattern: string): RegExp {
  const source = pattern.replace(/\[!?[^\]]+\]|[*?]|[.+^${}()|[\]\\]/g, (found) => {
    if (found === '*') return '.*'
    if (found === '?') return '.'
    return found.length > 1 ? found.replace(/^\[!/, '[^') : `\\${found}`
  })
  return new RegExp(`^${pattern.startsWith('.') ? '' : '(?!\\.)'}${source}$`, 's')
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort()
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return []
    throw error
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}
