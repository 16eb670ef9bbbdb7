/** What an `ActionError` is made of. */
type ErrorParts = {
  /** What failed. Starts with the thing; no full stop. */
  readonly what: string
  /** What to do about it, in whole sentences. */
  readonly fix: string
  /** The service's error code, for example `MqttInstanceNotFound`, if it is in our tables. */
  readonly code?: string | undefined
  /** The message of the service, unchanged, after a code that is not in our tables. Untrusted. */
  readonly serviceMessage?: string | undefined
  readonly requestId?: string | undefined
  /** Parts of `what` and `fix` that come from others, such as a CA name from the service. */
  readonly foreign?: readonly string[]
  readonly cause?: unknown
}

/**
 * The one error that users read. `runAction` turns it into the annotation.
 *
 * The parts stay apart until they are printed, because texts from others are withheld if they contain a secret.
 */
export class ActionError extends Error {
  override readonly name = 'ActionError'
  readonly fix: string
  readonly code: string | undefined
  readonly serviceMessage: string | undefined
  readonly requestId: string | undefined
  readonly foreign: readonly string[]

  constructor({ what, fix, code, serviceMessage, requestId, foreign = [], cause }: ErrorParts) {
    super(what, { cause })
    this.fix = fix
    this.code = code
    this.serviceMessage = serviceMessage
    this.requestId = requestId
    this.foreign = foreign.filter((text) => text !== '')
  }

  /**
   * Returns the error with another `what` or `fix`. Code, service message and request ID stay; foreign parts are added to those
   * of this error, which becomes the cause.
   */
  with(words: Pick<ErrorParts, 'foreign'> & Partial<Pick<ErrorParts, 'what' | 'fix'>>): ActionError {
    const { code, serviceMessage, requestId } = this
    const { what = this.message, fix = this.fix } = words
    const foreign = [...this.foreign, ...(words.foreign ?? [])]
    return new ActionError({ what, fix, code, serviceMessage, requestId, foreign, cause: this })
  }

  /**
   * Returns the whole text: what failed (code: service message; request ID). What to do.
   *
   * @param clean makes texts of this action safe to print
   * @param cleanForeign does the same for texts from others
   * @param maxLength cuts what failed, so that the text ends with what to do
   */
  describe(clean: (text: string) => string, cleanForeign = clean, maxLength = Infinity): string {
    const serviceMessage = this.serviceMessage?.trimEnd().replace(/\.$/, '') ?? ''
    const answer = [clean(this.code ?? ''), cleanForeign(serviceMessage)]
      .filter((part) => part !== '')
      .join(': ')
    const request = this.requestId === undefined ? '' : `request ${cleanForeign(this.requestId)}`
    const details = [answer, request].filter((part) => part !== '').join('; ')
    const own = (text: string): string =>
      clean(this.foreign.reduce((shown, part) => shown.replaceAll(part, () => cleanForeign(part)), text))
    const end = `${details === '' ? '' : ` (${details})`}. ${own(this.fix)}`
    const what = own(this.message)
    const room = Math.max(0, maxLength - end.length)
    return `${what.length > room ? `${what.slice(0, room)}…` : what}${end}`
  }
}
