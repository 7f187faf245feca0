/** A value as it is written in a config file. */
import { stringify } from 'yaml'
import { visible } from '../core/visible.ts'

/** On one line; what acts on a terminal or hides there is written by its number, which YAML reads in double quotes. */
export function yamlText(value: unknown): string {
  const text = written(value, 'PLAIN')
  return visible(text) === text ? text : visible(written(value, 'QUOTE_DOUBLE'))
}

function written(value: unknown, style: 'PLAIN' | 'QUOTE_DOUBLE'): string {
  const options = { collectionStyle: 'flow', blockQuote: false, lineWidth: 0 } as const
  return stringify(value, { ...options, defaultStringType: style, defaultKeyType: style }).replace(/\n$/, '')
}
