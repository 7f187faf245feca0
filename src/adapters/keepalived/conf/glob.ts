/** Shell-style globbing. Node has no glob before version 22. */
import { readdirSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { codeOf } from '../../../platform/errors.ts'

const WILDCARD = /[*?[]/

/**
 * The files that match a pattern, sorted by name, like glob(3) with GLOB_BRACE: `*`, `?`, `[a-z]` and `{a,b}`. Names
 * starting with a dot only match patterns that do. Directories and executable files are left out.
 * @param from base of a relative pattern
 * @throws if a directory may not be read
 */
export function filesBy(pattern: string, from: string): string[] {
  return bracesExpanded(pattern).flatMap((each) => pathsBy(resolve(from, each)).filter(isConfigFile))
}

/** Expands `a{b,c{d,e}}` to `ab`, `acd` and `ace`. */
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

/** keepalived skips executable files, too (lib/parser.c, check_glob_file). */
function isConfigFile(path: string): boolean {
  const stat = statSync(path, { throwIfNoEntry: false })
  return stat?.isFile() === true && (stat.mode & 0o111) === 0
}
