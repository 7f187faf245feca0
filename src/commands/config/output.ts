/** Output of `vip-switch config`. */
import type { Setting } from '../../config/effective.ts'
import type { ConfigProblem } from '../../config/problem.ts'
import type { Config, TableSelector } from '../../config/schema.ts'
import { yamlText } from '../../config/yaml-text.ts'
import { destinationText } from '../../core/vip.ts'
import { asIs, asJson, forPeople, type Printable } from '../../terminal/print.ts'
import { styleOf } from '../../terminal/style.ts'
import { columnsOf, widthOf, wrapped } from '../../terminal/table.ts'

/** Summarises what a valid config manages. */
export const managedText = forPeople(renderManaged)

/** @param unchecked what could not be checked @param width terminal columns */
function renderManaged(
  path: string,
  { cluster, instances }: Config,
  unchecked: readonly string[] = [],
  width: number = widthOf(process.stdout),
): string {
  const { green, yellow } = styleOf(process.stdout)
  const each = Object.entries(instances).map(([name, { vips, routeTables }]) => {
    const tables = routeTables.map(selectorText).join(', ')
    return `${name} (${vips.map(destinationText).join(', ')} in ${tables})`
  })
  const managed = `${green('✓')} ${path}: cluster ${cluster} manages ${each.join(', ')}`
  return [managed, ...unchecked.map((what) => `  ${yellow('not checked:')} ${what}`)]
    .map((line) => wrapped(line, width))
    .join('\n')
}

/** A selector in short form. */
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

/** A check's result as JSON, version 1. */
export function checkJson(path: string, problems: readonly ConfigProblem[], unchecked: readonly string[]): Printable {
  const told = problems.map(({ excerpt: _, ...problem }) => problem)
  return asJson({ version: 1, path, ok: told.length === 0, problems: told, unchecked })
}

/** The settings as valid YAML for the file; defaults are marked. */
export function settingsText(settings: readonly Setting[]): Printable {
  const { dim } = styleOf(process.stdout)
  const lines = linesOf(settings)
  const width = Math.max(0, ...lines.filter(({ isDefault }) => isDefault).map(({ text }) => columnsOf(text)))
  const texts = lines.map(({ text, isDefault }) => {
    if (isDefault) return `${text}${' '.repeat(width - columnsOf(text))}  ${dim('# default')}`
    return text.trimStart().startsWith('#') ? dim(text) : text
  })
  // yamlText has made them printable and valid in the file.
  return asIs(texts.join('\n'))
}

type Line = { readonly text: string; readonly isDefault: boolean }

function linesOf(settings: readonly Setting[], indent = ''): Line[] {
  return settings.flatMap((setting) => linesOfOne(setting, indent))
}

function linesOfOne(setting: Setting, indent: string): Line[] {
  const key = `${indent}${yamlText(setting.key)}:`
  switch (setting.kind) {
    case 'section':
      return [{ text: key, isDefault: false }, ...linesOf(setting.settings, `${indent}  `)]
    case 'unset':
      return [{ text: `${indent}# ${setting.key}: ${setting.meaning}`, isDefault: false }]
    case 'value': {
      const { value, isDefault } = setting
      if (!Array.isArray(value) || value.length === 0) return [{ text: `${key} ${yamlText(value)}`, isDefault }]
      const items = value.map((item) => ({ text: `${indent}  - ${yamlText(item)}`, isDefault }))
      return [{ text: key, isDefault: false }, ...items]
    }
  }
}

/** The same as JSON: the effective settings, and the paths of defaults. Version 1. */
export function settingsJson(path: string, settings: readonly Setting[]): Printable {
  return asJson({ version: 1, path, config: objectOf(settings), defaults: defaultsOf(settings) })
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

/** Paths are lists, since a VRRP instance's name may contain a dot. */
function defaultsOf(settings: readonly Setting[], path: readonly string[] = []): string[][] {
  return settings.flatMap((setting) => {
    const here = [...path, setting.key]
    if (setting.kind === 'section') return defaultsOf(setting.settings, here)
    return setting.kind === 'value' && setting.isDefault ? [here] : []
  })
}
