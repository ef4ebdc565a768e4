/** Returns a colour of the style sheet, for the light or the dark page. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

/** Calls back when the page turns dark or light. */
export function onColoursChange(callback) {
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', callback);
}
