const SVG = 'http://www.w3.org/2000/svg';

/** Makes an element of a drawing. */
export function svg(tag, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const STYLES = ['fill', 'stroke', 'stroke-width', 'stroke-dasharray', 'font-size', 'font-weight', 'text-anchor'];

/** Returns a copy of a drawing that looks the same without the style sheet. */
export function withOwnStyles(drawing) {
  const copy = drawing.cloneNode(true);
  const originals = drawing.querySelectorAll('*');
  for (const [index, element] of copy.querySelectorAll('*').entries()) {
    const styles = getComputedStyle(originals[index]);
    for (const name of STYLES) element.setAttribute(name, styles.getPropertyValue(name));
  }
  return copy;
}
