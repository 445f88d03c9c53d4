// Chooses light or dark before the first paint: the reader's choice, else what the system says.
(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = root.dataset.theme;
    root.dataset.bsTheme = choice === "dark" || (choice !== "light" && dark.matches) ? "dark" : "light";
  };
  apply();
  dark.addEventListener("change", apply);
})();
