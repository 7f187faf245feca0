/** What the words of a directive mean. */
import { parseDuration } from '../../src/config/duration.ts'
import { type Target, targetText } from '../../src/core/route-target.ts'
import type { World } from '../simulation/world.ts'
import { type Api, type Kind, WAYS, type WorldNode } from '../simulation/world-node.ts'
import { instanceId } from '../support/fixtures.ts'

export function daemonText({ ways, hooks }: WorldNode): string {
  const running = hooks.size === 1 ? ', a hook runs' : `, ${hooks.size} hooks run`
  return `${ways.daemon ? 'daemon dead' : 'no daemon'}${hooks.size > 0 ? running : ''}`
}

export function isKind(text: string): text is Kind {
  return Object.hasOwn(WAYS, text)
}

export function apiChange(word: string): Partial<Api> {
  const [key, value = ''] = word.split('=')
  const upOrDown = value === 'up' ? 'up' : 'down'
  switch (key) {
    case 'up':
      return { reads: 'up', claims: 'up', writes: 'up', publishes: 'up', staleMs: 0 }
    case 'down':
      return { reads: 'down', writes: 'down', publishes: 'down' }
    case 'reads':
      return { reads: value === 'throttled' ? value : upOrDown }
    case 'claims':
      return { claims: upOrDown }
    case 'writes':
      return { writes: value === 'late' || value === 'unanswered' ? value : upOrDown }
    case 'publishes':
      return { publishes: value === 'denied' ? 'denied' : upOrDown }
    case 'stale':
      return { staleMs: durationOf(value) }
    default:
      throw new Error(`"${word}" is nothing that an API does`)
  }
}

export function targetOf(world: World, text = ''): Target | undefined {
  if (text === 'none') return undefined
  if (text === 'nat') return { kind: 'other', id: 'nat-0a1b2c3d' }
  if (text === 'tool') return { kind: 'instance', instance: instanceId('i-0a1b2c3d') }
  return { kind: 'eni', eni: world.node(text).eni, instance: undefined }
}

export function routeText(target: Target | undefined): string {
  return target ? targetText(target) : 'missing'
}

export function durationOf(text = ''): number {
  const ms = parseDuration(text)
  if (ms === undefined) throw new Error(`"${text}" is no duration`)
  return ms
}
