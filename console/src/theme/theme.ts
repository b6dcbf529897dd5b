/** Mantine's theme: type, spacing on a grid of 8, and our tokens as CSS variables. */
import {
  type CSSVariablesResolver,
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorsTuple,
} from "@mantine/core";
import { dark, light, variables } from "./tokens";

const iris: MantineColorsTuple = [
  "#eeeffd",
  "#dddefb",
  "#c1c1f8",
  "#a5a0ff",
  "#8b85f7",
  "#6d65ee",
  "#4f46e5",
  "#473fd0",
  "#3c35b3",
  "#312c8f",
];

const grey: MantineColorsTuple = [
  "#edeef1",
  "#a9aeb9",
  "#8f95a1",
  "#5c6270",
  "#3c414c",
  "#24272f",
  "#16191e",
  "#121418",
  "#0e1013",
  "#0b0c0f",
];

const sans = '"Inter Variable", system-ui, -apple-system, "Segoe UI", sans-serif';
const mono = '"JetBrains Mono Variable", ui-monospace, "SF Mono", Menlo, monospace';

export const theme = createTheme({
  primaryColor: "iris",
  colors: { iris, dark: grey },
  primaryShade: { light: 6, dark: 6 },
  fontFamily: sans,
  fontFamilyMonospace: mono,
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  lineHeights: { xs: "1.4", sm: "1.5", md: "1.5", lg: "1.5", xl: "1.4" },
  spacing: { xs: "0.5rem", sm: "0.75rem", md: "1rem", lg: "1.5rem", xl: "2rem" },
  radius: { xs: "4px", sm: "6px", md: "8px", lg: "10px", xl: "14px" },
  defaultRadius: "sm",
  headings: {
    fontFamily: sans,
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.125rem", lineHeight: "1.4" },
      h2: { fontSize: "0.9375rem", lineHeight: "1.4" },
      h3: { fontSize: "0.8125rem", lineHeight: "1.4" },
    },
  },
  respectReducedMotion: true,
  cursorType: "pointer",
  components: {
    Button: { defaultProps: { size: "xs" } },
    ActionIcon: { defaultProps: { variant: "subtle", color: "gray", size: 28 } },
    TextInput: { defaultProps: { size: "sm" } },
    PasswordInput: { defaultProps: { size: "sm" } },
    Tooltip: { defaultProps: { openDelay: 300, fz: "xs", maw: 360, multiline: true, withinPortal: true } },
    Menu: { defaultProps: { shadow: "md", radius: "md" } },
    Modal: {
      defaultProps: {
        radius: "lg",
        centered: false,
        overlayProps: { backgroundOpacity: 0.35 },
        closeButtonProps: { "aria-label": "Close" },
      },
    },
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: { ...variables(light), ...mantineOn(light) },
  dark: { ...variables(dark), ...mantineOn(dark) },
});

/** Mantine's own grounds and lines, from our tokens. */
function mantineOn(tokens: typeof light): Record<string, string> {
  return {
    "--mantine-color-body": tokens.surface,
    "--mantine-color-text": tokens.text,
    "--mantine-color-dimmed": tokens.text3,
    "--mantine-color-placeholder": tokens.text3,
    "--mantine-color-default": tokens.surface,
    "--mantine-color-default-hover": tokens.hover,
    "--mantine-color-default-color": tokens.text,
    "--mantine-color-default-border": tokens.borderStrong,
    "--mantine-color-anchor": tokens.accent,
    "--mantine-color-error": tokens.bad,
    "--mantine-primary-color-light": tokens.accentSoft,
    "--mantine-primary-color-light-color": tokens.accent,
    "--mantine-primary-color-filled": tokens.accentFill,
  };
}

export const colourScheme = localStorageColorSchemeManager({ key: "volant-colour-scheme" });
