/** Formats values for a config file. */
import { stringify } from 'yaml'
import { visible } from '../core/visible.ts'

/**
 * On one line; characters that affect a terminal or are invisible become escapes, which YAML reads in double quotes.
 */
export function yamlText(value: unknown): string {
  const text = written(value, 'PLAIN')
  return visible(text) === text ? text : visible(written(value, 'QUOTE_DOUBLE'))
}

function written(value: unknown, style: 'PLAIN' | 'QUOTE_DOUBLE'): string {
  const options = { collectionStyle: 'flow', blockQuote: false, lineWidth: 0 } as const
  return stringify(value, { ...options, defaultStringType: style, defaultKeyType: style }).replace(/\n$/, '')
}
