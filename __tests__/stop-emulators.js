/** Stops what `start-emulators.js` started. */
export default async function stopEmulators() {
  await globalThis.stopTestEmulators()
}
