// What tests of failures share.
import assert from 'node:assert/strict'
import { LifeboatError } from '../../src/core/errors.ts'

/** For `assert.rejects`: a failure with this code, whose sentence matches. */
export function failsWith(code: string, sentence: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof LifeboatError, String(error))
    assert.equal(error.code, code, error.message)
    assert.match(error.message, sentence)
    return true
  }
}

/** A minute, for what takes seconds. */
export function soon(): AbortSignal {
  return AbortSignal.timeout(60_000)
}
