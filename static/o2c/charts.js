// Draws every canvas[data-chart] from the JSON block whose id it names. Colours come from the CSS tokens, so light,
// dark and print follow by themselves. The figures are also in the page as text or a table.
//
// The JSON: type (line, bar), labels, sets [{label, data, color (a token), fill, alpha, width, dash, points, bar,
// stepped}], stacked, horizontal, unit (money, days, percent, number), currency, min, max, ticks.
(() => {
  "use strict";
  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const locale = document.documentElement.lang.startsWith("fr") ? "fr-FR" : "en-GB";
  const french = locale === "fr-FR";
  const plain = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const writers = (spec) => {
    const currency = spec.currency || "EUR";
    const exact = new Intl.NumberFormat(locale, { style: "currency", currency });
    const sign = exact.formatToParts(0).find((part) => part.type === "currency").value;
    const short = (value) => {
      const thousands = plain.format(value / 1000);
      return french ? `${thousands}\u00a0k${sign}` : `${sign}${thousands}k`;
    };
    const small = Math.max(...spec.sets.flatMap((set) => set.data.map((value) => Math.abs(value ?? 0)))) < 2000;
    const units = {
      days: [(v) => `${plain.format(v)}\u00a0${french ? "j" : "d"}`],
      percent: [(v) => `${plain.format(v)}${french ? "\u00a0" : ""}%`],
      number: [(v) => plain.format(v)],
      money: [small ? (v) => exact.format(v) : short, (v) => exact.format(v)],
    };
    const [tick, tip = tick] = units[spec.unit || "money"];
    return { tick, tip };
  };
  const dataset = (spec) => (set) => ({
    label: set.label,
    data: set.data,
    borderColor: css(set.color),
    backgroundColor: set.fill ? css(set.color) + (set.alpha || "22") : css(set.color),
    borderWidth: set.bar ? 0 : set.width ?? 2,
    borderDash: set.dash || [],
    pointRadius: set.points ?? 0,
    pointHoverRadius: 4,
    stepped: set.stepped || false,
    fill: set.fill || false,
    tension: 0,
    spanGaps: true,
    borderRadius: set.bar && !spec.stacked ? 3 : 0,
    maxBarThickness: 34,
    borderSkipped: false,
  });
  const draw = () => {
    if (typeof Chart === "undefined") return;
    Chart.defaults.font = { family: '"Inter Variable", sans-serif', size: 12 };
    Chart.defaults.color = css("--o-ink-2");
    const line = css("--o-line");
    document.querySelectorAll("canvas[data-chart]").forEach((canvas) => {
      const source = document.getElementById(canvas.dataset.chart);
      if (!source) return;
      const spec = JSON.parse(source.textContent);
      const { tick, tip } = writers(spec);
      Chart.getChart(canvas)?.destroy();
      new Chart(canvas, {
        type: spec.type,
        data: { labels: spec.labels, datasets: spec.sets.map(dataset(spec)) },
        options: {
          indexAxis: spec.horizontal ? "y" : "x",
          animation: false,
          maintainAspectRatio: false,
          interaction: { mode: "index", intersect: false },
          layout: { padding: { top: 6, right: 4 } },
          plugins: {
            legend: { display: false },
            tooltip: { callbacks: { label: (at) => ` ${at.dataset.label}${french ? "\u00a0:" : ":"} ${tip(at.raw)}` } },
          },
          scales: {
            x: {
              stacked: !!spec.stacked,
              grid: { display: !!spec.horizontal, color: line },
              border: { color: line },
              ticks: { maxRotation: 0, autoSkip: true, maxTicksLimit: spec.ticks || 9, ...(spec.horizontal && { callback: tick }) },
            },
            y: {
              stacked: !!spec.stacked,
              min: spec.min,
              max: spec.max,
              grid: { display: !spec.horizontal, color: line },
              border: { display: false },
              ticks: { ...(spec.horizontal ? {} : { maxTicksLimit: 6, callback: tick }) },
            },
          },
        },
      });
    });
  };
  draw();
  new MutationObserver(draw).observe(document.documentElement, { attributes: true, attributeFilter: ["data-bs-theme"] });
  addEventListener("o2c:content", draw);
})();
