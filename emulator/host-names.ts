/** The region in a name like `onsmqtt.cn-hangzhou.aliyuncs.com`; `undefined` when the emulator is called by another name. */
export function regionOf(host: string): string | undefined {
  return /^[^.]+\.([^.]+)\.aliyuncs\.com$/.exec(host)?.[1]
}

/** The product in such a name, `onsmqtt` also for `onsmqtt-vpc`. */
export function productOf(host: string): string | undefined {
  return /^([^.]+?)(?:-vpc)?\.[^.]+\.aliyuncs\.com$/.exec(host)?.[1]
}
