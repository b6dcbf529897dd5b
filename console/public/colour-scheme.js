// Sets the colour scheme before the first paint. A file, because the page's policy allows no inline script.
(() => {
  let wanted = "auto";
  try {
    wanted = localStorage.getItem("volant-colour-scheme") || "auto";
  } catch {
    // storage may be switched off
  }
  const dark = wanted === "auto" ? matchMedia("(prefers-color-scheme: dark)").matches : wanted === "dark";
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
