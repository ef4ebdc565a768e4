import { colour } from './colours.js';
import { svg, withOwnStyles } from './svg.js';

const MARGIN = 32;
const GAP = 40;
const HEAD = 108;
const FOOT = 34;
/** Pixels of the picture for one of the page. */
const SCALE = 2;

/**
 * Draws the result of a race.
 *
 * @param {{ results: { title: string, figure: string, text: string, isGood?: boolean, chart: SVGElement }[], plan: object }} race
 * @returns {Promise<Blob>} a PNG
 */
export async function drawPicture({ results, plan }) {
  const { drawing, width, height } = compose(results, captionOf(plan));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(drawing))}`;
  await image.decode();
  const canvas = Object.assign(document.createElement('canvas'), { width: width * SCALE, height: height * SCALE });
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve) => canvas.toBlob(resolve, 'image/png'));
}

function captionOf({ requests, wait, processes, roundTrip }) {
  return `${requests} requests at once, each sets one key · handler ${wait} ms · processes ${processes} · database round trip ${roundTrip} ms · the race lab of nestjs-smart-session`;
}

function compose(results, caption) {
  const column = Math.max(420, ...results.map(({ chart }) => chart.width.baseVal.value));
  const height = HEAD + Math.max(...results.map(({ chart }) => chart.height.baseVal.value)) + FOOT + MARGIN;
  const width = results.length * column + (results.length - 1) * GAP + 2 * MARGIN;
  const drawing = svg(
    'svg',
    { width, height, viewBox: `0 0 ${width} ${height}`, 'font-family': getComputedStyle(document.body).fontFamily },
    svg('rect', { width, height, fill: colour('card') }),
    ...results.flatMap((result, index) => columnOf(result, MARGIN + index * (column + GAP))),
    words(caption, MARGIN, height - MARGIN / 2, 13, 400, 'pale-ink'),
  );
  return { drawing, width, height };
}

function columnOf({ title, figure, text, isGood, chart }, x) {
  const own = withOwnStyles(chart);
  own.setAttribute('x', x);
  own.setAttribute('y', HEAD);
  return [words(title, x, 38, 16, 600, 'ink'), words(figure, x, 74, 32, 700, colourOf(isGood)), words(text, x, 96, 12, 400, 'ink'), own];
}

function colourOf(isGood) {
  if (isGood === undefined) return 'ink';
  return isGood ? 'kept' : 'lost';
}

function words(text, x, y, size, weight, name) {
  return svg('text', { x, y, 'font-size': size, 'font-weight': weight, fill: colour(name) }, text);
}
