import { afterAll, beforeAll, describe, it } from 'vitest'
import { requires } from '../support/requires.ts'
import { describeBehaviours } from './describe-behaviours.ts'
import { startEmbedded } from './embedded.ts'
import { startMoto } from './moto.ts'
import { routeBehaviours } from './route-behaviours.ts'
import { tagBehaviours } from './tag-behaviours.ts'
import type { Target } from './target.ts'

const targets = [
  { name: 'embedded', start: startEmbedded, there: true },
  { name: 'moto', start: startMoto, there: requires('moto') },
] as const

const groups = { describing: describeBehaviours, routes: routeBehaviours, tags: tagBehaviours }

describe.each(targets)('EC2 by $name', ({ name, start, there }) => {
  describe.skipIf(!there)('behaves as documented', () => {
    let target: Target
    beforeAll(async () => {
      target = await start()
    }, 90_000)
    afterAll(() => target?.close())

    for (const [group, behaviours] of Object.entries(groups)) {
      describe(group, () => {
        for (const { name: title, ec2, moto } of behaviours) {
          const otherwise = name === 'moto' ? moto : undefined
          it(otherwise === undefined ? title : `${title}, but moto ${otherwise.why}`, () =>
            (otherwise?.does ?? ec2)(target),
          )
        }
      })
    }
  })
})
