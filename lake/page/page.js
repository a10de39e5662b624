"use strict";
// Draws each figure when it can be seen: a chart in a closed fold has no width. `ast`: without eval, which the page's
// policy forbids.
const options = { renderer: "svg", actions: false, ast: true, defaultStyle: false, tooltip: { disableDefaultStyle: true } };

async function draw(figure) {
  if (figure.dataset.state) return;
  figure.dataset.state = "drawing";
  const spec = JSON.parse(figure.querySelector("script").textContent);
  await vegaEmbed(figure.querySelector(".chart"), spec, options);
  figure.dataset.state = "drawn";
}

async function drawVisible() {
  const figures = [...document.querySelectorAll("figure")];
  await Promise.all(figures.filter((figure) => !figure.closest("details:not([open])")).map(draw));
  document.documentElement.dataset.state = "drawn";
}

for (const details of document.querySelectorAll("details")) details.addEventListener("toggle", drawVisible);
drawVisible();
