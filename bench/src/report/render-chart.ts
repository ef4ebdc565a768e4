import * as echarts from 'echarts';

/** The style of all charts. The background is white, so that they are readable on dark pages. */
export const LOOKS = {
  backgroundColor: '#ffffff',
  textStyle: { fontFamily: 'Helvetica, Arial, sans-serif', color: '#1f2937' },
  animation: false,
} satisfies echarts.EChartsOption;

/** The colour of text and axes. */
export const INK = '#1f2937';

/** The colour of notes and grid labels. */
export const PALE_INK = '#6b7280';

/** Renders a chart as SVG without a browser. */
export function renderChart(width: number, height: number, option: echarts.EChartsOption): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({ ...LOOKS, ...option });
    return chart.renderToSVGString();
  } finally {
    chart.dispose();
  }
}
