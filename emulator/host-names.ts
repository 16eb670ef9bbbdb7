const NAME = /^([^.]+?)(?:-vpc)?(?:\.([^.]+))?\.aliyuncs\.com$/

/** The product in a name like `onsmqtt.cn-hangzhou.aliyuncs.com`; `undefined` when the emulator is called by another name. */
export function productOf(host: string): string | undefined {
  return NAME.exec(host)?.[1]
}

/** The region in such a name, when it has one. */
export function regionOf(host: string): string | undefined {
  return NAME.exec(host)?.[2]
}
