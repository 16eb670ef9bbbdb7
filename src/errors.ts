/**
 * The one error that users read. `runAction` turns it into the annotation.
 *
 * The parts stay apart until they are printed: what the service said is not ours, and is withheld when it holds a
 * secret.
 */
export class ActionError extends Error {
  override readonly name = 'ActionError'
  /** What to do about it: whole sentences. */
  readonly cure: string
  /** The service's error code, e.g. `MqttInstanceNotFound`, when it is one that is known here. */
  readonly code: string | undefined
  /** The service's own words, as they came, with a code that is not known here: untrusted. */
  readonly said: string | undefined
  readonly requestId: string | undefined
  /** What stands in the texts above and is not ours, such as a name that the service told. */
  readonly foreign: readonly string[]

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
    foreign?: readonly string[]
    cause?: unknown
  }) {
    super(parts.what, { cause: parts.cause })
    this.cure = parts.cure
    this.code = parts.code
    this.said = parts.said
    this.requestId = parts.requestId
    this.foreign = (parts.foreign ?? []).filter((text) => text !== '')
  }

  /**
   * The whole text: what failed (code: the service's words; request id). What to do.
   *
   * @param clean makes our own words fit to print
   * @param cleanForeign the same for those of others
   */
  describe(clean: (text: string) => string, cleanForeign = clean): string {
    const said = this.said?.trimEnd().replace(/\.$/, '')
    const answer = [clean(this.code ?? ''), cleanForeign(said ?? '')].filter((part) => part !== '').join(': ')
    const request = this.requestId === undefined ? '' : `request ${cleanForeign(this.requestId)}`
    const details = [answer, request].filter((part) => part !== '').join('; ')
    const own = (text: string): string =>
      clean(this.foreign.reduce((shown, part) => shown.replaceAll(part, () => cleanForeign(part)), text))
    return `${own(this.message)}${details === '' ? '' : ` (${details})`}. ${own(this.cure)}`
  }
}
