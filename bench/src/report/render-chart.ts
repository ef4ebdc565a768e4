import * as echarts from 'echarts';

/** The looks that all charts share: on white, so that they read on dark pages too. */
export const LOOKS = {
  backgroundColor: '#ffffff',
  textStyle: { fontFamily: 'Helvetica, Arial, sans-serif', color: '#1f2937' },
  animation: false,
} satisfies echarts.EChartsOption;

/** The colour of text and axes. */
export const INK = '#1f2937';

/** The colour of notes and grid labels. */
export const PALE_INK = '#6b7280';

/** Draws a chart to an SVG's text, without a browser. */
export function renderChart(width: number, height: number, option: echarts.EChartsOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ ...LOOKS, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
