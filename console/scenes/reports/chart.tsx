// ECharts by parts, in a chunk that only the reports pay for. The tooltip is drawn on the canvas: an HTML one would need inline styles.
import { useMantineColorScheme, useComputedColorScheme } from '@mantine/core'
import { BarChart, LineChart, ScatterChart } from 'echarts/charts'
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from 'echarts/components'
import { init, use, type EChartsCoreOption } from 'echarts/core'
import { CanvasRenderer } from 'echarts/renderers'
import { useEffect, useRef } from 'react'

use([BarChart, LineChart, ScatterChart, GridComponent, TooltipComponent, LegendComponent, MarkLineComponent, AriaComponent, CanvasRenderer])

export type Palette = { accent: string; grey: string; faint: string; text: string; dim: string; line: string; danger: string }

/** `option` is given the scheme's colours: one accent, the rest greys. */
export default function Chart({ label, option, height = 240 }: { label: string; option: (palette: Palette) => EChartsCoreOption; height?: number }) {
  const box = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme()
  useMantineColorScheme()
  useEffect(() => {
    const element = box.current
    if (!element) return
    const token = (name: string) => getComputedStyle(element).getPropertyValue(name).trim()
    const palette: Palette = {
      accent: token('--accent-line'), grey: token('--faint'), faint: token('--line-strong'), text: token('--text'), dim: token('--dim'), line: token('--line'), danger: token('--danger'),
    }
    const chart = init(element, null, { renderer: 'canvas' })
    const axis = { axisLine: { lineStyle: { color: palette.faint } }, axisTick: { show: false }, axisLabel: { color: palette.dim, fontSize: 11 }, splitLine: { lineStyle: { color: palette.line } } }
    const { xAxis, yAxis, ...rest } = option(palette) as { xAxis: object; yAxis: object }
    chart.setOption({
      aria: { enabled: true },
      animation: false,
      textStyle: { fontFamily: "'Inter Variable', sans-serif" },
      grid: { top: 28, left: 36, right: 12, bottom: 24 },
      tooltip: { trigger: 'axis', renderMode: 'richText', confine: true, backgroundColor: token('--raised'), borderColor: palette.faint, textStyle: { color: palette.text, fontSize: 12 } },
      legend: { top: 0, left: 0, itemWidth: 10, itemHeight: 10, icon: 'roundRect', textStyle: { color: palette.dim, fontSize: 12 } },
      xAxis: { ...axis, ...xAxis },
      yAxis: { ...axis, axisLine: { show: false }, min: 0, minInterval: 1, ...yAxis },
      ...rest,
    })
    const watch = new ResizeObserver(() => chart.resize())
    watch.observe(element)
    return () => {
      watch.disconnect()
      chart.dispose()
    }
  }, [option, scheme])
  return <div ref={box} role="img" aria-label={label} style={{ height }} />
}
