/** Every colour of the console, light and dark. theme.ts makes CSS variables of them; tokens.test.ts checks contrast. */

export interface Tokens {
  bg: string; // the page
  surface: string; // panels, tables, menus
  sunken: string; // wells: code, table heads
  hover: string;
  selected: string;
  border: string;
  borderStrong: string; // fields, axes
  text: string;
  text2: string; // second things: labels, captions
  text3: string; // least things: hints; still readable
  accent: string; // links, focus, the one thing to press
  accentFill: string; // behind white text
  accentSoft: string; // behind accent text
  ok: string;
  okSoft: string;
  warn: string;
  warnSoft: string;
  bad: string;
  badSoft: string;
  info: string;
  infoSoft: string;
  idle: string;
  idleSoft: string;
  series1: string; // lines of charts, in this order
  series2: string;
  series3: string;
  series4: string;
  series5: string;
}

export const light: Tokens = {
  bg: "#f9fafb",
  surface: "#ffffff",
  sunken: "#f4f5f7",
  hover: "#f3f4f7",
  selected: "#eeeffd",
  border: "#e5e7ec",
  borderStrong: "#c6cad3",
  text: "#14161b",
  text2: "#505663",
  text3: "#636976",
  accent: "#4a42d6",
  accentFill: "#4f46e5",
  accentSoft: "#eeeffd",
  ok: "#0a6e43",
  okSoft: "#e4f5ec",
  warn: "#8a4f00",
  warnSoft: "#fdf2dc",
  bad: "#b3202b",
  badSoft: "#fdebec",
  info: "#175bab",
  infoSoft: "#e7f0fb",
  idle: "#545b68",
  idleSoft: "#eef0f3",
  series1: "#4f46e5",
  series2: "#0f8a6d",
  series3: "#c2570c",
  series4: "#b0338f",
  series5: "#2b7bc4",
};

export const dark: Tokens = {
  bg: "#0b0c0f",
  surface: "#121418",
  sunken: "#0e1013",
  hover: "#1a1d23",
  selected: "#201f3d",
  border: "#24272f",
  borderStrong: "#3c414c",
  text: "#edeef1",
  text2: "#a9aeb9",
  text3: "#8f95a1",
  accent: "#a5a0ff",
  accentFill: "#5a52e6",
  accentSoft: "#211f42",
  ok: "#56cf96",
  okSoft: "#0f2b20",
  warn: "#e9b04e",
  warnSoft: "#32240a",
  bad: "#ff8b8b",
  badSoft: "#3a1719",
  info: "#7db8f5",
  infoSoft: "#122740",
  idle: "#a9aeb9",
  idleSoft: "#22252c",
  series1: "#8f88ff",
  series2: "#3ecfa5",
  series3: "#f59a52",
  series4: "#ee84cf",
  series5: "#6db4f2",
};

/** `borderStrong` → `--v-border-strong`. */
export function variable(name: string): string {
  return `--v-${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

export function variables(tokens: Tokens): Record<string, string> {
  return Object.fromEntries(Object.entries(tokens).map(([name, value]) => [variable(name), value]));
}
