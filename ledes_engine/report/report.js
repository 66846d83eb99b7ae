"use strict";
(() => {
  const form = document.querySelector(".filters");
  if (!form) return;
  form.hidden = false;
  const lines = [...document.querySelectorAll(".line")];
  const shown = form.querySelector("output");
  const out = (element, hide) => element.toggleAttribute("data-out", hide);
  const apply = () => {
    const chosen = new FormData(form);
    const severities = new Set(chosen.getAll("severity"));
    const [rule, timekeeper, matter] = ["rule", "timekeeper", "matter"].map((name) => chosen.get(name));
    let findings = 0;
    for (const line of lines) {
      const fits = (!timekeeper || line.dataset.timekeeper === timekeeper) && (!matter || line.dataset.matter === matter);
      let some = 0;
      for (const one of line.querySelectorAll("li")) {
        const keep = fits && severities.has(one.dataset.severity) && (!rule || one.dataset.rule === rule);
        out(one, !keep);
        some += keep;
      }
      out(line, !some);
      findings += some;
    }
    for (const group of document.querySelectorAll(".fold, .invoice")) out(group, !group.querySelector(".line:not([data-out])"));
    shown.value = `${findings} of ${document.querySelectorAll(".line li").length} findings shown`;
  };
  for (const event of ["input", "change"]) form.addEventListener(event, apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("beforeprint", () => { for (const fold of document.querySelectorAll("details")) fold.open = true; });
  apply();
})();
