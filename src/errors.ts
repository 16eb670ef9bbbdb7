/**
 * The one error that users read. `runAction` turns it into the annotation.
 *
 * The parts stay apart until they are printed: what the service said is not ours, and has to be redacted
 * before it is shortened, or half a secret could stay behind the cut.
 */
export class ActionError extends Error {
  override readonly name = 'ActionError'
  /** What to do about it: whole sentences. */
  readonly cure: string
  /** The service's error code, e.g. `MqttInstanceNotFound`. */
  readonly code: string | undefined
  /** The service's own words, as they came: untrusted. */
  readonly said: string | undefined
  readonly requestId: string | undefined

  /**
   * @param parts.what what failed, starting with the thing, without a full stop
   * @param parts.cure what to do about it
   */
  constructor(parts: {
    what: string
    cure: string
    code?: string | undefined
    said?: string | undefined
    requestId?: string | undefined
    cause?: unknown
  }) {
    super(parts.what, { cause: parts.cause })
    this.cure = parts.cure
    this.code = parts.code
    this.said = parts.said
    this.requestId = parts.requestId
  }

  /**
   * The whole text: what failed (code: the service's words; request id). What to do.
   *
   * @param clean makes a text of others fit to print
   */
  describe(clean: (text: string) => string): string {
    const said = this.said?.replace(/\.?\s*$/, '')
    const answer = [this.code, said].flatMap((part) => (part ? [clean(part)] : []))
    const details = [
      answer.join(': '),
      this.requestId === undefined ? '' : `request ${clean(this.requestId)}`,
    ]
    const inBrackets = details.filter((part) => part !== '').join('; ')
    return `${clean(this.message)}${inBrackets === '' ? '' : ` (${inBrackets})`}. ${clean(this.cure)}`
  }
}
