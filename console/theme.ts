// One theme for both schemes. One shade serves filled parts in both, since autoContrast decides black or white once, from the light one;
// 0.179 is the luminance where both read equally well. Surfaces, lines and text are tokens of app.css; here is what Mantine itself draws.
import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core'

const petrol: MantineColorsTuple = [
  '#e9f4f6', '#d0e6ea', '#a5d0d8', '#7abbc7', '#4fa3b2', '#2d8b9c', '#1b7a8b', '#146f7f', '#0f6472', '#0a4a55',
]
const gray: MantineColorsTuple = [
  '#f5f6f8', '#eef0f3', '#e4e7ec', '#d5dae1', '#bcc3cd', '#98a1ae', '#767f8d', '#545d6b', '#39414e', '#1c222b',
]
const dark: MantineColorsTuple = [
  '#dde1e8', '#b3bac6', '#97a0ae', '#707a89', '#3b434f', '#2d343f', '#1f252d', '#14181e', '#0d1014', '#090b0e',
]

export const theme = createTheme({
  primaryColor: 'petrol',
  colors: { petrol, gray, dark },
  primaryShade: 8,
  autoContrast: true,
  luminanceThreshold: 0.179,
  black: '#1c222b',
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.25rem' },
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '16px' },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'sm' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 28 } },
    Menu: { defaultProps: { shadow: 'md', transitionProps: { duration: 120, transition: 'pop' }, position: 'bottom-start' } },
    Popover: { defaultProps: { shadow: 'md', transitionProps: { duration: 120, transition: 'pop' } } },
    Combobox: { defaultProps: { shadow: 'md', transitionProps: { duration: 120, transition: 'pop' } } },
    Modal: { defaultProps: { centered: false, yOffset: '12vh', radius: 'lg', overlayProps: { backgroundOpacity: 0.35 }, transitionProps: { duration: 140, transition: 'pop' } } },
    Select: { defaultProps: { checkIconPosition: 'right', allowDeselect: false } },
  },
})

const names = ['red', 'pink', 'grape', 'violet', 'indigo', 'blue', 'cyan', 'teal', 'green', 'lime', 'yellow', 'orange']
const deep: Record<string, string> = { teal: '#076448', green: '#1b5e20', lime: '#3f6a04', yellow: '#7a4a00', orange: '#8f3206' }
const each = (value: (name: string) => Record<string, string>) => Object.assign({}, ...names.map(value)) as Record<string, string>

/** Contrast of at least 4.5 for every colour as text, outline and light in both schemes; Mantine's own defaults miss it in many places. */
export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#ffffff',
    '--mantine-color-dimmed': 'var(--mantine-color-gray-7)',
    '--mantine-color-placeholder': 'var(--mantine-color-gray-7)',
    '--mantine-color-error': 'var(--mantine-color-red-9)',
    '--mantine-color-default-border': '#d9dde4',
    '--mantine-color-gray-text': 'var(--mantine-color-gray-7)',
    ...each((name) => {
      const text = deep[name] ?? `var(--mantine-color-${name}-9)`
      return { [`--mantine-color-${name}-text`]: text, [`--mantine-color-${name}-outline`]: text, [`--mantine-color-${name}-light-color`]: text }
    }),
  },
  dark: {
    ...each((name) => ({
      [`--mantine-color-${name}-text`]: `var(--mantine-color-${name}-3)`,
      [`--mantine-color-${name}-outline`]: `var(--mantine-color-${name}-3)`,
    })),
    '--mantine-color-body': '#181d24',
    '--mantine-color-text': '#e3e6ec',
    '--mantine-color-dimmed': '#a2abb9',
    '--mantine-color-placeholder': '#98a1af',
    '--mantine-color-error': 'var(--mantine-color-red-4)',
    '--mantine-color-default': '#1f252d',
    '--mantine-color-default-hover': '#272e38',
    '--mantine-color-default-border': '#343c48',
    '--mantine-color-gray-text': '#b3bac6',
    '--mantine-color-petrol-text': 'var(--mantine-color-petrol-2)',
    '--mantine-color-petrol-filled': '#16717f',
    '--mantine-color-petrol-filled-hover': '#197e8e',
    '--mantine-primary-color-filled': '#16717f',
    '--mantine-primary-color-filled-hover': '#197e8e',
    '--mantine-color-dark-text': 'var(--mantine-color-dark-1)',
    '--mantine-color-dark-outline': 'var(--mantine-color-dark-1)',
  },
})
