// A lifeboat.yaml with anything in it: one sentence, and never a secret.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { parseConfig } from '../../src/config/load.ts'
import { LifeboatError } from '../../src/core/errors.ts'
import { kinds, small } from './kinds.ts'

describe('a lifeboat.yaml with noise', () => {
  it('never shows a literal secret, wherever it stands and whatever it looks like', () => {
    const places = ['password: env:VC_PASSWORD', 'secret: env:TSIG']
    fc.assert(
      fc.property(
        fc.constantFrom(...places),
        fc.string({ minLength: 6, maxLength: 30 }).filter((text) => /[^a-z ]/i.test(text.trim())),
        fc.constantFrom('plain', 'double', 'single'),
        (place, secret, style) => {
          fc.pre(!/^(env|file|command):/.test(secret))
          const written = style === 'double' ? JSON.stringify(secret) : style === 'single' ? `'${secret.replaceAll("'", "''")}'` : secret
          const text = small.replace(place, () => `${place.split(' ')[0]} ${written}`)
          try {
            parseConfig({ text, baseFolder: '/srv' }, kinds)
          } catch (error) {
            assert.ok(error instanceof LifeboatError)
            const shown = `${error.message}${JSON.stringify(error.details)}${inspect(error.cause)}`
            // In plain style the text may turn into other YAML, such as keys; as a value it is never shown.
            if (style !== 'plain') assert.ok(!shown.includes(secret), shown)
            if (style !== 'plain') assert.equal(error.code, 'literal-secret')
          }
        },
      ),
    )
  })

  it('is refused with a sentence, whatever stands in it', () => {
    const lines = small.split('\n')
    fc.assert(
      fc.property(fc.nat({ max: lines.length - 1 }), fc.string({ maxLength: 20 }), fc.boolean(), (index, noise, replace) => {
        const text = lines.toSpliced(index, replace ? 1 : 0, noise).join('\n')
        try {
          parseConfig({ text, baseFolder: '/srv' }, kinds)
        } catch (error) {
          assert.ok(error instanceof LifeboatError, inspect(error))
          assert.notEqual(error.code, 'defect')
          assert.match(error.message, /^\S.*\.$/s)
        }
      }),
      { numRuns: 300 },
    )
  })
})
