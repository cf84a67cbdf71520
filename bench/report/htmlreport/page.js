"use strict";
// The page is complete without this: it only adds values under the pointer,
// the curves of single functions, sorting, and hiding of schedulers.
(() => {
  const runs = JSON.parse(document.getElementById("runs").textContent).runs;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const tip = document.getElementById("tip");
  const numbers = (text) => text.split(" ").map(Number);

  // A coordinate, to a tenth as in the drawings.
  const number = (v) => String(parseFloat(v.toFixed(1)));

  // A scale as the drawing has it: at is where a value is, of what is there.
  function scale(text) {
    const [low, high, from, to, log] = numbers(text);
    const share = (v) => log ? Math.log(v / low) / Math.log(high / low) : (v - low) / (high - low);
    return {
      at: (v) => from + share(Math.min(Math.max(v, low), high)) * (to - from),
      of: (at) => {
        const s = Math.min(Math.max((at - from) / (to - from), 0), 1);
        return log ? low * Math.pow(high / low, s) : low + s * (high - low);
      },
      from, to,
    };
  }

  function digits(v) {
    const a = Math.abs(v);
    const decimals = Number.isInteger(v) ? 0 : a < 9.995 ? 2 : a < 99.95 ? 1 : 0;
    return v.toLocaleString("en-US", {minimumFractionDigits: decimals, maximumFractionDigits: decimals});
  }
  const millis = (ms) => ms >= 999.5 ? digits(ms / 1000) + " s" : digits(ms) + " ms";
  const percent = (share) => Math.round(share * 1e4) / 100 + " %";

  // place is where in a picture, in its own units, the pointer is.
  function place(svg, event) {
    const box = svg.getBoundingClientRect();
    const view = svg.viewBox.baseVal;
    return {x: (event.clientX - box.left) / box.width * view.width, y: (event.clientY - box.top) / box.height * view.height};
  }

  function showTip(event, text) {
    tip.textContent = text;
    tip.hidden = false;
    const left = event.clientX + 16 + tip.offsetWidth > innerWidth ? event.clientX - 12 - tip.offsetWidth : event.clientX + 16;
    tip.style.left = Math.max(4, left) + "px";
    tip.style.top = Math.max(4, Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 4)) + "px";
  }

  function pointed(svg, move, leave) {
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerdown", move);
    svg.addEventListener("pointerleave", () => { tip.hidden = true; if (leave) leave(); });
  }

  function moveCursor(svg, x) {
    const cursor = svg.querySelector(".cursor");
    cursor.setAttribute("x1", x);
    cursor.setAttribute("x2", x);
    cursor.style.visibility = "visible";
  }
  const hideCursor = (svg) => { svg.querySelector(".cursor").style.visibility = "hidden"; };

  // Response times.
  const select = document.getElementById("function");
  const curves = all("svg.curves");
  function points(run) {
    if (!select.value) return run.response_cdf || [];
    const f = (run.functions || []).find((f) => f.name === select.value);
    return f && f.response_cdf || [];
  }
  function shareAt(list, ms) {
    let share = 0;
    for (const p of list) {
      if (p.ms > ms) break;
      share = p.share;
    }
    return share;
  }
  function drawCurves() {
    for (const svg of curves) {
      const x = scale(svg.dataset.x), y = scale(svg.dataset.y), tail = svg.dataset.kind === "tail";
      const height = (share) => number(y.at(tail ? 1 - share : share));
      for (const path of all("path[data-run]", svg)) {
        const list = points(runs[path.dataset.run]);
        const line = list.map((p) => "L" + number(x.at(p.ms)) + " " + height(p.share)).join("");
        path.setAttribute("d", list.length ? "M" + number(x.at(list[0].ms)) + " " + height(0) + line : "");
      }
    }
  }
  for (const svg of curves) {
    const x = scale(svg.dataset.x), tail = svg.dataset.kind === "tail";
    pointed(svg, (event) => {
      const at = Math.min(Math.max(place(svg, event).x, x.from), x.to);
      const ms = x.of(at);
      curves.forEach((other) => moveCursor(other, at));
      const lines = all("path[data-run]", svg).filter((path) => !path.closest(".off")).map((path) => {
        const run = runs[path.dataset.run], share = shareAt(points(run), ms);
        return run.scheduler + ": " + percent(tail ? 1 - share : share);
      });
      showTip(event, (tail ? "longer than " : "within ") + millis(ms) + "\n" + lines.join("\n"));
    }, () => curves.forEach(hideCursor));
  }
  if (select) select.addEventListener("change", drawCurves);
  for (const link of all("#function-table tbody a")) {
    link.addEventListener("click", () => {
      if (!select) return;
      select.value = link.closest("tr").dataset.function;
      drawCurves();
    });
  }

  // All pictures over time have one cursor.
  const times = all("svg.time");
  function readAt(svg, seconds) {
    const series = runs[svg.dataset.run].series;
    const step = Math.floor(seconds / series.step_seconds);
    const parts = svg.dataset.keys.split(" ").map((key) => {
      const [name, words] = key.split(":");
      const v = (series[name] || [])[step];
      return v === undefined ? "" : digits(v) + (words ? " " + words : "");
    });
    return parts.filter(Boolean).join(", ");
  }
  for (const svg of times) {
    const x = scale(svg.dataset.x);
    pointed(svg, (event) => {
      const at = Math.min(Math.max(place(svg, event).x, x.from), x.to);
      const seconds = x.of(at);
      for (const other of times) {
        moveCursor(other, at);
        other.querySelector(".readout").textContent = readAt(other, seconds);
      }
      showTip(event, "after " + digits(Math.round(seconds)) + " s");
    }, () => times.forEach((other) => {
      hideCursor(other);
      other.querySelector(".readout").textContent = "";
    }));
  }

  // Heat: the same slices and means as drawn.
  for (const svg of all("svg.heat")) {
    const bests = JSON.parse(svg.closest("[data-bests]").dataset.bests);
    const x = scale(svg.dataset.x), run = runs[svg.dataset.run], bin = Number(svg.dataset.bin);
    pointed(svg, (event) => {
      const p = place(svg, event), row = Math.floor(p.y / Number(svg.dataset.row));
      const name = bests[2 * row], best = bests[2 * row + 1];
      if (name === undefined || p.x < x.from || p.x > x.to) { tip.hidden = true; return; }
      const begin = Math.floor(x.of(p.x) / run.series.step_seconds / bin) * bin;
      const f = run.functions.find((f) => f.name === name);
      const steps = (f && f.heat_ms || []).slice(begin, begin + bin).filter((v) => v > 0);
      const mean = steps.reduce((sum, v) => sum + v, 0) / steps.length;
      const figure = steps.length ? millis(mean) + " = " + digits(mean / best) + " × its best median" : "no calls";
      showTip(event, name + "\nafter " + digits(Math.round(begin * run.series.step_seconds)) + " s: " + figure);
    });
  }

  // Sorting: by data-value where a row has it, else by text; without a value last.
  for (const table of all("table.sortable")) {
    const heads = all("thead th", table), body = table.tBodies[0];
    heads.forEach((head, column) => head.querySelector("button").addEventListener("click", () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const textual = body.rows[0].cells[column].tagName === "TH";
      const key = (row) => Number(row.cells[column].dataset.value);
      const order = (a, b) => {
        if (textual) return a.cells[column].textContent.localeCompare(b.cells[column].textContent) * (down ? -1 : 1);
        const [x, y] = [key(a), key(b)];
        if (isNaN(x) || isNaN(y)) return isNaN(x) - isNaN(y);
        return (x - y) * (down ? -1 : 1);
      };
      body.append(...[...body.rows].sort(order));
    }));
  }

  // Paper can't be unfolded.
  addEventListener("beforeprint", () => all("details").forEach((part) => { part.open = true; }));

  // Schedulers can be hidden.
  for (const button of all("[data-toggle]")) {
    button.addEventListener("click", () => {
      const shown = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", shown);
      for (const part of all(`svg.curves [data-entrant="${button.dataset.toggle}"], figure[data-entrant="${button.dataset.toggle}"]`)) {
        part.classList.toggle("off", !shown);
      }
    });
  }
})();
