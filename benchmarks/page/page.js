// Bundled with Vega. Draws each chart anew, with tooltips, when it comes near; lets Results and charts be saved.

const content = (id) => document.getElementById(id).textContent;

async function draw(box) {
  const drawn = box.innerHTML;
  const spec = JSON.parse(content(`spec-${box.dataset.chart}`));
  try {
    await vegaEmbed(box, spec, { actions: false, renderer: "svg", defaultStyle: false, tooltip: { theme: "custom" } });
  } catch (problem) {
    box.innerHTML = drawn; // what was there is as good, without tooltips
    throw problem;
  }
}

const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      draw(target);
    }
  },
  { rootMargin: "800px" },
);
for (const box of document.querySelectorAll("[data-chart]")) near.observe(box);

function save(link, text, type, name) {
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
}

for (const link of document.querySelectorAll("[data-result]")) {
  const name = link.dataset.result;
  link.addEventListener("click", () => save(link, content(`result-${name}`), "application/json", `${name}.json`));
}

// A file of its own has none of the page's variables: their values take their place.
for (const button of document.querySelectorAll("[data-save]")) {
  button.hidden = false;
  button.addEventListener("click", () => {
    const name = button.dataset.save;
    const svg = new XMLSerializer().serializeToString(document.querySelector(`[data-chart="${name}"] svg`));
    const style = getComputedStyle(document.documentElement);
    const link = document.createElement("a");
    save(link, svg.replace(/var\((--\w+)\)/g, (_, variable) => style.getPropertyValue(variable)), "image/svg+xml", `${name}.svg`);
    link.click();
  });
}

addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
