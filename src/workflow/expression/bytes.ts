const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

/** Below, at or above 0 as `a` comes before, with or after `b`, byte by byte. Runs also where Node's Buffer is not. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let place = 0; place < Math.min(a.length, b.length); place++) {
    const difference = (a[place] as number) - (b[place] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** RFC 4648, section 4, with padding. */
export function base64(bytes: Uint8Array): string {
  let text = ''
  for (let place = 0; place < bytes.length; place += 3) {
    const [first = 0, second, third] = bytes.subarray(place, place + 3)
    const bits = (first << 16) | ((second ?? 0) << 8) | (third ?? 0)
    text += `${digits[bits >> 18]}${digits[(bits >> 12) & 63]}`
    text += second === undefined ? '=' : digits[(bits >> 6) & 63]
    text += third === undefined ? '=' : digits[bits & 63]
  }
  return text
}
