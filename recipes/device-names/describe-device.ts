import Bowser from 'bowser';

/** Returns a name for a user agent, such as "Firefox on Linux". Undefined if the browser is not known. */
export function describeDevice(userAgent: string): string | undefined {
  const { browser, os, platform } = Bowser.parse(userAgent);
  if (!browser.name) return undefined;
  // An iPad and an iPhone have the same system.
  const device = os.name === 'iOS' ? (platform.model ?? os.name) : os.name;
  return device ? `${browser.name} on ${device}` : browser.name;
}
