/** Returns a colour of the style sheet, for the light or the dark page. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
