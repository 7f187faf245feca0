/** What `vip-switch config` prints. */
import { stringify } from 'yaml'
import type { Setting } from '../config/effective.ts'
import type { ConfigProblem } from '../config/load.ts'
import type { Config, TableSelector } from '../config/schema.ts'
import { destinationText } from '../core/vip.ts'
import { styleOf } from './style.ts'

/** In one line, what a config that is good manages. */
export function managedText(path: string, { cluster, instances }: Config): string {
  const { green } = styleOf(process.stdout)
  const each = Object.entries(instances).map(([name, { vips, routeTables }]) => {
    const tables = routeTables.map(selectorText).join(', ')
    return `${name} (${vips.map(destinationText).join(', ')} in ${tables})`
  })
  return `${green('✓')} ${path}: cluster ${cluster} manages ${each.join(', ')}`
}

/** Which route tables are meant, as briefly as it can be said. */
function selectorText(selector: TableSelector): string {
  switch (selector.kind) {
    case 'id':
      return selector.id
    case 'name':
      return selector.name
    case 'tags':
      return Object.entries(selector.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join('&')
  }
}

/** The outcome of a check, for programs. Shape 1. */
export function checkJson(path: string, problems: readonly ConfigProblem[]): string {
  return JSON.stringify({ version: 1, path, ok: problems.length === 0, problems }, null, 2)
}

/** The settings as YAML that could be the file; what it leaves out is marked. */
export function settingsText(settings: readonly Setting[]): string {
  const { dim } = styleOf(process.stdout)
  const lines = linesOf(settings)
  const width = Math.max(0, ...lines.filter(({ isDefault }) => isDefault).map(({ text }) => text.length))
  return lines
    .map(({ text, isDefault }) => {
      if (isDefault) return `${text.padEnd(width)}  ${dim('# default')}`
      return text.trimStart().startsWith('#') ? dim(text) : text
    })
    .join('\n')
}

type Line = { readonly text: string; readonly isDefault: boolean }

function linesOf(settings: readonly Setting[], indent = ''): Line[] {
  return settings.flatMap((setting) => linesOfOne(setting, indent))
}

function linesOfOne(setting: Setting, indent: string): Line[] {
  const key = `${indent}${yaml(setting.key)}:`
  switch (setting.kind) {
    case 'section':
      return [{ text: key, isDefault: false }, ...linesOf(setting.settings, `${indent}  `)]
    case 'unset':
      return [{ text: `${indent}# ${setting.key}: ${setting.meaning}`, isDefault: false }]
    case 'value': {
      const { value, isDefault } = setting
      if (!Array.isArray(value) || value.length === 0) return [{ text: `${key} ${yaml(value)}`, isDefault }]
      const items = value.map((item) => ({ text: `${indent}  - ${yaml(item)}`, isDefault }))
      return [{ text: key, isDefault: false }, ...items]
    }
  }
}

function yaml(value: unknown): string {
  return stringify(value, { collectionStyle: 'flow', blockQuote: false, lineWidth: 0 }).trimEnd()
}

/** The same, for programs: what is in effect, and the paths of what is by default. Shape 1. */
export function settingsJson(path: string, settings: readonly Setting[]): string {
  return JSON.stringify({ version: 1, path, config: objectOf(settings), defaults: defaultsOf(settings) }, null, 2)
}

function objectOf(settings: readonly Setting[]): Record<string, unknown> {
  return Object.fromEntries(settings.flatMap(entryOf))
}

function entryOf(setting: Setting): [string, unknown][] {
  switch (setting.kind) {
    case 'section':
      return [[setting.key, objectOf(setting.settings)]]
    case 'value':
      return [[setting.key, setting.value]]
    case 'unset':
      return []
  }
}

/** Paths as lists, since a VRRP instance's name may hold a dot. */
function defaultsOf(settings: readonly Setting[], path: readonly string[] = []): string[][] {
  return settings.flatMap((setting) => {
    const here = [...path, setting.key]
    if (setting.kind === 'section') return defaultsOf(setting.settings, here)
    return setting.kind === 'value' && setting.isDefault ? [here] : []
  })
}
